WITH `t1` AS (
  SELECT
    *
  FROM `order_lines` AS `t0`
  WHERE
    NOT (
      `t0`.`is_return`
    )
    AND `t0`.`ordered_at` < CAST('1970-01-01T00:00:00' AS TIMESTAMP)
    AND `t0`.`customer_id` IS NOT NULL
)
SELECT
  `t9`.`customer_id` AS `entity`,
  `t9`.`mean_products`,
  `t9`.`mean_units`,
  `t9`.`largest_value`,
  `t9`.`discount_share`,
  1.0 - (
    CAST(`t5`.`products` AS DOUBLE) / `t9`.`taken`
  ) AS `repeat_share`
FROM (
  SELECT
    `t7`.`customer_id`,
    CAST(SUM(`t7`.`products`) AS DOUBLE) / COUNT(*) AS `mean_products`,
    CAST(SUM(`t7`.`units`) AS DOUBLE) / COUNT(*) AS `mean_units`,
    CAST(MAX(`t7`.`amount`) AS DOUBLE) AS `largest_value`,
    1.0 - (
      CAST(SUM(`t7`.`amount`) AS DOUBLE) / NULLIF(CAST(SUM(`t7`.`gross`) AS DOUBLE), 0)
    ) AS `discount_share`,
    CAST(SUM(`t7`.`products`) AS DOUBLE) AS `taken`
  FROM (
    SELECT
      `t6`.`customer_id`,
      `t6`.`order_id`,
      SUM(`t6`.`amount`) AS `amount`,
      SUM(`t6`.`gross`) AS `gross`,
      SUM(`t6`.`units`) AS `units`,
      COUNT(*) AS `products`
    FROM (
      SELECT
        `t2`.`customer_id`,
        `t2`.`order_id`,
        `t2`.`product_id`,
        SUM(`t2`.`unit_price` * `t2`.`quantity`) AS `amount`,
        SUM(GREATEST(`t2`.`list_price`, `t2`.`unit_price`) * `t2`.`quantity`) AS `gross`,
        SUM(`t2`.`quantity`) AS `units`
      FROM `t1` AS `t2`
      GROUP BY
        1,
        2,
        3
    ) AS `t6`
    GROUP BY
      1,
      2
  ) AS `t7`
  GROUP BY
    1
) AS `t9`
INNER JOIN (
  SELECT
    `t3`.`customer_id`,
    COUNT(*) AS `products`
  FROM (
    SELECT
      `t2`.`customer_id`,
      `t2`.`product_id`,
      COUNT(*) AS `lines`
    FROM `t1` AS `t2`
    GROUP BY
      1,
      2
  ) AS `t3`
  GROUP BY
    1
) AS `t5`
  ON `t9`.`customer_id` = `t5`.`customer_id`
