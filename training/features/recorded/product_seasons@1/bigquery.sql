SELECT
  CAST(`t2`.`product_id` AS STRING) AS `entity`,
  `t2`.`days_since_first_sale`,
  `t2`.`units_7d`,
  `t2`.`units_28d`,
  `t2`.`units_364d`,
  IF(
    `t2`.`days_since_first_sale` >= 364,
    `t2`.`units_next_28d_last_year`,
    CAST(NULL AS FLOAT64)
  ) AS `units_next_28d_last_year`,
  IF(
    `t2`.`days_since_first_sale` >= 364,
    ieee_divide(
      `t2`.`units_next_28d_last_year`,
      NULLIF(ieee_divide(`t2`.`units_364d` * 28, 364), 0)
    ),
    CAST(NULL AS FLOAT64)
  ) AS `season_ratio`
FROM (
  SELECT
    `t1`.`product_id`,
    MAX(`t1`.`age`) AS `days_since_first_sale`,
    COALESCE(
      CAST(SUM(IF((
        `t1`.`age` > 0
      ) AND (
        `t1`.`age` <= 7
      ), `t1`.`quantity`, NULL)) AS FLOAT64),
      0.0
    ) AS `units_7d`,
    COALESCE(
      CAST(SUM(IF((
        `t1`.`age` > 0
      ) AND (
        `t1`.`age` <= 28
      ), `t1`.`quantity`, NULL)) AS FLOAT64),
      0.0
    ) AS `units_28d`,
    COALESCE(
      CAST(SUM(IF((
        `t1`.`age` > 0
      ) AND (
        `t1`.`age` <= 364
      ), `t1`.`quantity`, NULL)) AS FLOAT64),
      0.0
    ) AS `units_364d`,
    COALESCE(
      CAST(SUM(IF((
        `t1`.`age` > 336
      ) AND (
        `t1`.`age` <= 364
      ), `t1`.`quantity`, NULL)) AS FLOAT64),
      0.0
    ) AS `units_next_28d_last_year`
  FROM (
    SELECT
      `t0`.`order_id`,
      `t0`.`ordered_at`,
      `t0`.`customer_id`,
      `t0`.`product_id`,
      `t0`.`quantity`,
      `t0`.`unit_price`,
      `t0`.`list_price`,
      `t0`.`is_return`,
      ieee_divide(
        DATETIME_DIFF(DATETIME('1970-01-01T00:00:00'), `t0`.`ordered_at`, MICROSECOND),
        86400000000.0
      ) AS `age`
    FROM `order_lines` AS `t0`
    WHERE
      NOT (
        `t0`.`is_return`
      )
      AND `t0`.`ordered_at` < DATETIME('1970-01-01T00:00:00')
  ) AS `t1`
  GROUP BY
    1
) AS `t2`
