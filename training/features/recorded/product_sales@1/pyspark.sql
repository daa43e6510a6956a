SELECT
  CAST(`t2`.`product_id` AS STRING) AS `entity`,
  `t2`.`orders_28d`,
  `t2`.`units_28d`,
  `t2`.`customers_28d`,
  `t2`.`paid` / `t2`.`units_28d` AS `mean_price_28d`
FROM (
  SELECT
    `t1`.`product_id`,
    COUNT(DISTINCT `t1`.`order_id`) AS `orders_28d`,
    CAST(SUM(`t1`.`quantity`) AS DOUBLE) AS `units_28d`,
    COUNT(DISTINCT `t1`.`customer_id`) AS `customers_28d`,
    CAST(SUM(`t1`.`unit_price` * `t1`.`quantity`) AS DOUBLE) AS `paid`
  FROM (
    SELECT
      *
    FROM `order_lines` AS `t0`
    WHERE
      NOT (
        `t0`.`is_return`
      )
      AND `t0`.`ordered_at` < CAST('1970-01-01T00:00:00' AS TIMESTAMP)
      AND `t0`.`ordered_at` >= CAST('1969-12-04T00:00:00' AS TIMESTAMP)
      AND `t0`.`quantity` > 0
  ) AS `t1`
  GROUP BY
    1
) AS `t2`
