SELECT
  CAST(`t3`.`product_id` AS STRING) AS `entity`,
  `t3`.`last_price`,
  `t3`.`mean_price_28d`,
  `t3`.`lowest_price_56d`,
  `t3`.`highest_price_56d`,
  `t3`.`discount_share_28d`,
  `t3`.`last_price` / `t3`.`mean_price_56d` AS `price_ratio`
FROM (
  SELECT
    `t2`.`product_id`,
    CAST(MAX(IF(`t2`.`newest` = 0, `t2`.`unit_price`, NULL)) AS DOUBLE) AS `last_price`,
    CAST(SUM(IF(`t2`.`month`, `t2`.`unit_price` * `t2`.`quantity`, NULL)) AS DOUBLE) / CAST(SUM(IF(`t2`.`month`, `t2`.`quantity`, NULL)) AS DOUBLE) AS `mean_price_28d`,
    CAST(SUM(`t2`.`unit_price` * `t2`.`quantity`) AS DOUBLE) / CAST(SUM(`t2`.`quantity`) AS DOUBLE) AS `mean_price_56d`,
    CAST(MIN(`t2`.`unit_price`) AS DOUBLE) AS `lowest_price_56d`,
    CAST(MAX(`t2`.`unit_price`) AS DOUBLE) AS `highest_price_56d`,
    1.0 - (
      CAST(SUM(IF(`t2`.`month`, `t2`.`unit_price` * `t2`.`quantity`, NULL)) AS DOUBLE) / CAST(SUM(
        IF(`t2`.`month`, GREATEST(`t2`.`list_price`, `t2`.`unit_price`) * `t2`.`quantity`, NULL)
      ) AS DOUBLE)
    ) AS `discount_share_28d`
  FROM (
    SELECT
      `t1`.`order_id`,
      `t1`.`ordered_at`,
      `t1`.`customer_id`,
      `t1`.`product_id`,
      `t1`.`quantity`,
      `t1`.`unit_price`,
      `t1`.`list_price`,
      `t1`.`is_return`,
      ROW_NUMBER() OVER (
        PARTITION BY `t1`.`product_id`
        ORDER BY `t1`.`ordered_at` DESC, `t1`.`order_id` ASC NULLS LAST, `t1`.`unit_price` ASC NULLS LAST
      ) - 1 AS `newest`,
      `t1`.`ordered_at` >= CAST('1969-12-04T00:00:00' AS TIMESTAMP) AS `month`
    FROM (
      SELECT
        *
      FROM `order_lines` AS `t0`
      WHERE
        NOT (
          `t0`.`is_return`
        )
        AND `t0`.`ordered_at` < CAST('1970-01-01T00:00:00' AS TIMESTAMP)
        AND `t0`.`ordered_at` >= CAST('1969-11-06T00:00:00' AS TIMESTAMP)
        AND `t0`.`unit_price` > 0
        AND `t0`.`quantity` > 0
    ) AS `t1`
  ) AS `t2`
  GROUP BY
    1
) AS `t3`
