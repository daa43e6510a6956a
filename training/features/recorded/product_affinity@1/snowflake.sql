WITH "t1" AS (
  SELECT DISTINCT
    "t0"."order_id",
    "t0"."product_id"
  FROM "order_lines" AS "t0"
  WHERE
    NOT (
      "t0"."is_return"
    )
    AND "t0"."ordered_at" < TIMESTAMP_FROM_PARTS(1970, 1, 1, 0, 0, 0, 0)
    AND "t0"."ordered_at" >= TIMESTAMP_FROM_PARTS(1969, 10, 3, 0, 0, 0, 0)
), "t7" AS (
  SELECT
    "t3"."order_id",
    "t3"."product_id"
  FROM "t1" AS "t3"
  WHERE
    EXISTS(
      SELECT
        1
      FROM (
        SELECT
          *
        FROM (
          SELECT
            "t2"."order_id",
            COUNT(*) AS "products"
          FROM "t1" AS "t2"
          GROUP BY
            1
        ) AS "t4"
        WHERE
          "t4"."products" <= 50
      ) AS "t6"
      WHERE
        "t3"."order_id" = "t6"."order_id"
    )
)
SELECT
  CAST("t22"."product_id" AS VARCHAR) AS "entity",
  ARRAY_AGG("t22"."other") WITHIN GROUP (ORDER BY
    "t22"."place" ASC) AS "bought_with",
  ARRAY_AGG("t22"."share") WITHIN GROUP (ORDER BY
    "t22"."place" ASC) AS "bought_with_share"
FROM (
  SELECT
    "t21"."product_id",
    "t21"."other",
    "t21"."orders",
    "t21"."place",
    "t21"."of",
    CAST("t21"."orders" AS DOUBLE) / "t21"."of" AS "share"
  FROM (
    SELECT
      "t20"."product_id",
      "t20"."other",
      "t20"."orders",
      "t20"."place",
      "t11"."of"
    FROM (
      SELECT
        *
      FROM (
        SELECT
          "t17"."product_id",
          "t17"."other",
          "t17"."orders",
          ROW_NUMBER() OVER (
            PARTITION BY "t17"."product_id"
            ORDER BY "t17"."orders" DESC NULLS LAST, "t17"."other" ASC
          ) - 1 AS "place"
        FROM (
          SELECT
            *
          FROM (
            SELECT
              "t15"."product_id",
              "t15"."other",
              COUNT(*) AS "orders"
            FROM (
              SELECT
                *
              FROM (
                SELECT
                  "t3"."order_id",
                  "t3"."product_id",
                  "t13"."other"
                FROM "t1" AS "t3"
                INNER JOIN (
                  SELECT
                    "t9"."order_id",
                    "t9"."product_id" AS "other"
                  FROM "t7" AS "t9"
                ) AS "t13"
                  ON "t3"."order_id" = "t13"."order_id"
                WHERE
                  EXISTS(
                    SELECT
                      1
                    FROM (
                      SELECT
                        *
                      FROM (
                        SELECT
                          "t2"."order_id",
                          COUNT(*) AS "products"
                        FROM "t1" AS "t2"
                        GROUP BY
                          1
                      ) AS "t4"
                      WHERE
                        "t4"."products" <= 50
                    ) AS "t6"
                    WHERE
                      "t3"."order_id" = "t6"."order_id"
                  )
              ) AS "t14"
              WHERE
                "t14"."product_id" <> "t14"."other"
            ) AS "t15"
            GROUP BY
              1,
              2
          ) AS "t16"
          WHERE
            "t16"."orders" >= 2
        ) AS "t17"
      ) AS "t18"
      WHERE
        "t18"."place" < 10
    ) AS "t20"
    INNER JOIN (
      SELECT
        "t8"."product_id",
        COUNT(*) AS "of"
      FROM "t7" AS "t8"
      GROUP BY
        1
    ) AS "t11"
      ON "t20"."product_id" = "t11"."product_id"
  ) AS "t21"
) AS "t22"
GROUP BY
  1
