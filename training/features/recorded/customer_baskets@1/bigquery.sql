WITH `t1` AS (
  SELECT
    *
  FROM `order_lines` AS `t0`
  WHERE
    NOT (
      `t0`.`is_return`
    )
    AND `t0`.`ordered_at` < DATETIME('1970-01-01T00:00:00')
    AND `t0`.`customer_id` IS NOT NULL
)
SELECT
  `t8`.`customer_id` AS `entity`,
  `t8`.`mean_products`,
  `t8`.`mean_units`,
  `t8`.`largest_value`,
  `t8`.`discount_share`,
  1.0 - ieee_divide(CAST(`t5`.`products` AS FLOAT64), `t8`.`taken`) AS `repeat_share`
FROM (
  SELECT
    `t6`.`customer_id`,
    ieee_divide(CAST(SUM(`t6`.`products`) AS FLOAT64), COUNT(*)) AS `mean_products`,
    ieee_divide(CAST(SUM(`t6`.`units`) AS FLOAT64), COUNT(*)) AS `mean_units`,
    CAST(MAX(`t6`.`amount`) AS FLOAT64) AS `largest_value`,
    1.0 - ieee_divide(CAST(SUM(`t6`.`amount`) AS FLOAT64), NULLIF(CAST(SUM(`t6`.`gross`) AS FLOAT64), 0)) AS `discount_share`,
    CAST(SUM(`t6`.`products`) AS FLOAT64) AS `taken`
  FROM (
    SELECT
      `t2`.`customer_id`,
      `t2`.`order_id`,
      MIN(`t2`.`ordered_at`) AS `ordered_at`,
      SUM(`t2`.`unit_price` * `t2`.`quantity`) AS `amount`,
      SUM(GREATEST(`t2`.`list_price`, `t2`.`unit_price`) * `t2`.`quantity`) AS `gross`,
      SUM(`t2`.`quantity`) AS `units`,
      COUNT(DISTINCT `t2`.`product_id`) AS `products`
    FROM `t1` AS `t2`
    GROUP BY
      1,
      2
  ) AS `t6`
  GROUP BY
    1
) AS `t8`
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
  ON `t8`.`customer_id` = `t5`.`customer_id`
