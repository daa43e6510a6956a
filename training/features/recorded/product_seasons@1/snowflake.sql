SELECT
  CAST("t2"."product_id" AS VARCHAR) AS "entity",
  "t2"."days_since_first_sale",
  "t2"."units_7d",
  "t2"."units_28d",
  "t2"."units_364d",
  IFF(
    "t2"."days_since_first_sale" >= 364,
    "t2"."units_next_28d_last_year",
    CAST(NULL AS DOUBLE)
  ) AS "units_next_28d_last_year",
  IFF(
    "t2"."days_since_first_sale" >= 364,
    "t2"."units_next_28d_last_year" / NULLIF((
      "t2"."units_364d" * 28
    ) / 364, 0),
    CAST(NULL AS DOUBLE)
  ) AS "season_ratio"
FROM (
  SELECT
    "t1"."product_id",
    MAX("t1"."age") AS "days_since_first_sale",
    COALESCE(
      CAST(SUM(IFF((
        "t1"."age" > 0
      ) AND (
        "t1"."age" <= 7
      ), "t1"."quantity", NULL)) AS DOUBLE),
      0.0
    ) AS "units_7d",
    COALESCE(
      CAST(SUM(IFF((
        "t1"."age" > 0
      ) AND (
        "t1"."age" <= 28
      ), "t1"."quantity", NULL)) AS DOUBLE),
      0.0
    ) AS "units_28d",
    COALESCE(
      CAST(SUM(IFF((
        "t1"."age" > 0
      ) AND (
        "t1"."age" <= 364
      ), "t1"."quantity", NULL)) AS DOUBLE),
      0.0
    ) AS "units_364d",
    COALESCE(
      CAST(SUM(IFF((
        "t1"."age" > 336
      ) AND (
        "t1"."age" <= 364
      ), "t1"."quantity", NULL)) AS DOUBLE),
      0.0
    ) AS "units_next_28d_last_year"
  FROM (
    SELECT
      "t0"."order_id",
      "t0"."ordered_at",
      "t0"."customer_id",
      "t0"."product_id",
      "t0"."quantity",
      "t0"."unit_price",
      "t0"."list_price",
      "t0"."is_return",
      DATEDIFF(MICROSECOND, "t0"."ordered_at", TIMESTAMP_FROM_PARTS(1970, 1, 1, 0, 0, 0, 0)) / 86400000000.0 AS "age"
    FROM "order_lines" AS "t0"
    WHERE
      NOT (
        "t0"."is_return"
      )
      AND "t0"."ordered_at" < TIMESTAMP_FROM_PARTS(1970, 1, 1, 0, 0, 0, 0)
  ) AS "t1"
  GROUP BY
    1
) AS "t2"
