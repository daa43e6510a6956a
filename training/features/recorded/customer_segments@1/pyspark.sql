SELECT
  `t4`.`entity`,
  `t4`.`recency`,
  `t4`.`frequency`,
  `t4`.`monetary`,
  (
    `t4`.`recency` * 5 * 5
  ) + (
    `t4`.`frequency` * 5
  ) + `t4`.`monetary` AS `segment`
FROM (
  SELECT
    `t3`.`entity`,
    NTILE(5) OVER (ORDER BY `t3`.`last_at` ASC NULLS LAST, `t3`.`entity` ASC NULLS LAST) - 1 AS `recency`,
    NTILE(5) OVER (ORDER BY `t3`.`orders` ASC NULLS LAST, `t3`.`entity` ASC NULLS LAST) - 1 AS `frequency`,
    NTILE(5) OVER (ORDER BY `t3`.`spend` ASC NULLS LAST, `t3`.`entity` ASC NULLS LAST) - 1 AS `monetary`
  FROM (
    SELECT
      `t2`.`customer_id` AS `entity`,
      MAX(`t2`.`ordered_at`) AS `last_at`,
      COUNT(*) AS `orders`,
      SUM(`t2`.`amount`) AS `spend`
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
  ) AS `t3`
) AS `t4`
