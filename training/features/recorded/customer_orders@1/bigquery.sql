SELECT
  `t2`.`customer_id` AS `entity`,
  COUNT(*) AS `orders`,
  CAST(SUM(`t2`.`amount`) AS FLOAT64) AS `spend`,
  ieee_divide(CAST(SUM(`t2`.`amount`) AS FLOAT64), COUNT(*)) AS `mean_order_value`,
  ieee_divide(
    DATETIME_DIFF(DATETIME('1970-01-01T00:00:00'), MAX(`t2`.`ordered_at`), MICROSECOND),
    86400000000.0
  ) AS `days_since_last_order`,
  ieee_divide(
    DATETIME_DIFF(DATETIME('1970-01-01T00:00:00'), MIN(`t2`.`ordered_at`), MICROSECOND),
    86400000000.0
  ) AS `days_since_first_order`
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
      AND `t0`.`ordered_at` < DATETIME('1970-01-01T00:00:00')
      AND `t0`.`customer_id` IS NOT NULL
  ) AS `t1`
  GROUP BY
    1,
    2
) AS `t2`
GROUP BY
  1
