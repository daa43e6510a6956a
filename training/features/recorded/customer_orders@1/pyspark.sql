SELECT
  `t2`.`customer_id` AS `entity`,
  COUNT(*) AS `orders`,
  CAST(SUM(`t2`.`amount`) AS DOUBLE) AS `spend`,
  CAST(SUM(`t2`.`amount`) AS DOUBLE) / COUNT(*) AS `mean_order_value`,
  DATEDIFF(MICROSECOND, MAX(`t2`.`ordered_at`), CAST('1970-01-01T00:00:00' AS TIMESTAMP)) / 86400000000.0 AS `days_since_last_order`,
  DATEDIFF(MICROSECOND, MIN(`t2`.`ordered_at`), CAST('1970-01-01T00:00:00' AS TIMESTAMP)) / 86400000000.0 AS `days_since_first_order`
FROM (
  SELECT
    `t1`.`customer_id`,
    `t1`.`order_id`,
    MIN(`t1`.`ordered_at`) AS `ordered_at`,
    SUM(`t1`.`unit_price` * `t1`.`quantity`) AS `amount`
  FROM (
    SELECT
      *
    FROM `order_lines` AS `t0`
    WHERE
      NOT (
        `t0`.`is_return`
      )
      AND `t0`.`ordered_at` < CAST('1970-01-01T00:00:00' AS TIMESTAMP)
      AND `t0`.`customer_id` IS NOT NULL
  ) AS `t1`
  GROUP BY
    1,
    2
) AS `t2`
GROUP BY
  1
