"""The lines of an order file as its mapping reads them: one row a line of view ``raw``, every value
of the type it will have, null where what stands there is none.

Which exclusion holds of a line stands beside it, so that what is dropped can be counted.
"""
# ruff: noqa: S608 - names and values are quoted by order_file.quoted and literal

from training.mapping import Mapping
from training.order_check import optional_money
from training.order_file import ROW, condition_sql, literal, quoted

MONEY = "DECIMAL(18, 4)"
NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "FLOAT", "DOUBLE")


def query(mapping: Mapping, kinds: dict[str, str]) -> str:
    """What ``parsed`` holds. ``kinds``: column → its type in view ``raw``."""
    columns = mapping.columns
    price = columns.unit_price or columns.line_total or ""
    cost = columns.unit_cost or columns.line_cost
    number = f"TRY_CAST({quoted(columns.quantity)} AS DOUBLE)"
    sums = [f"coalesce({_decimal(name)}, 0)" for name in columns.discount]
    currency = _text(columns.currency) if columns.currency else literal(mapping.currency or "")
    labels = [_text(name) for name in columns.product_label]
    null = "CAST(NULL AS VARCHAR)"
    optional = "".join(
        f", {_text(name)} IS NOT NULL AND coalesce({_decimal(name)} < 0, true) AS unfit_{place}"
        for place, name in enumerate(optional_money(columns))
    )
    customer = (
        _identifier(columns.customer_id, mapping.customer_ids.kind) if columns.customer_id else null
    )
    money_null = f"CAST(NULL AS {MONEY})"
    return f"""
        SELECT {ROW} AS row, {_excluded(mapping)} AS excluded, {_order_id(mapping)} AS order_id,
            {_time(mapping, kinds[columns.ordered_at])} AS ordered_at, {customer} AS customer,
            {_product(mapping)} AS product,
            {f"concat_ws(' ', {', '.join(labels)})" if labels else null} AS product_label,
            {_text(columns.category) if columns.category else null} AS category,
            CASE WHEN {number} = round({number}) THEN TRY_CAST({number} AS BIGINT) END AS quantity,
            {_decimal(price)} AS price, {" + ".join(sums) or f"CAST(0 AS {MONEY})"} AS discount,
            {_decimal(columns.list_price) if columns.list_price else money_null} AS list_price,
            {_decimal(columns.order_discount) if columns.order_discount else money_null}
                AS order_discount,
            {_decimal(cost) if cost else money_null} AS cost, {currency} AS currency,
            {_returned(mapping)} AS is_return,
            {_has(columns.customer_id, kinds)} AS has_customer{optional}
        FROM raw"""


def _text(column: str) -> str:
    return f"nullif(trim(CAST({quoted(column)} AS VARCHAR)), '')"


def _decimal(column: str) -> str:
    return f"TRY_CAST({quoted(column)} AS {MONEY})"


def _identifier(column: str, kind: str) -> str:
    if kind == "integer":
        return f"CAST(TRY_CAST({quoted(column)} AS BIGINT) AS VARCHAR)"
    return f"lower({_text(column)})" if kind == "email" else _text(column)


def _time(mapping: Mapping, kind: str) -> str:
    """``kind``: the type of the column as the file has it."""
    column = quoted(mapping.columns.ordered_at)
    zone = literal(mapping.timezone)
    if mapping.dates.format is None and kind in ("TIMESTAMP", "TIMESTAMP_NS", "DATE"):
        if mapping.timezone == "UTC":
            return f"CAST({column} AS TIMESTAMP)"
        # The microseconds of the instant are UTC's: no second look at the calendar.
        return f"make_timestamp(epoch_us(timezone({zone}, CAST({column} AS TIMESTAMP))))"
    if mapping.dates.format is None:
        text = f"CAST({column} AS VARCHAR)"
        # With an offset the text is an instant, without one a time in the shop's zone.
        aware = (
            f"regexp_matches({text}, '(Z|[+-][0-9]{{2}}:?([0-9]{{2}})?)$') AND length({text}) > 10"
        )
        instant = f"timezone('UTC', TRY_CAST({text} AS TIMESTAMPTZ))"
        local = f"timezone('UTC', timezone({zone}, TRY_CAST({text} AS TIMESTAMP)))"
        dated = (
            f"CASE WHEN regexp_matches({text}, '^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}$') THEN {local} "
        )
        return f"{dated} WHEN {aware} THEN {instant} ELSE {local} END"
    parsed = f"try_strptime({_text(mapping.columns.ordered_at)}, {literal(mapping.dates.format)})"
    if "%z" in mapping.dates.format:
        return f"timezone('UTC', CAST({parsed} AS TIMESTAMPTZ))"
    return f"timezone('UTC', timezone({zone}, {parsed}))"


def _order_id(mapping: Mapping) -> str:
    names = mapping.columns.order_id
    if isinstance(names, str):
        return _text(names)
    return " || '/' || ".join(_text(name) for name in names)


def _product(mapping: Mapping) -> str:
    names = mapping.columns.product_id
    several = (names,) if isinstance(names, str) else names
    kind = mapping.product_ids.kind
    return f"coalesce({', '.join(_identifier(name, kind) for name in several)})"


def _returned(mapping: Mapping) -> str:
    returns, tests = mapping.returns, ["false"]
    if returns.order_id_prefix:
        tests.append(f"starts_with({_order_id(mapping)}, {literal(returns.order_id_prefix)})")
    if returns.status_column:
        listed = ", ".join(literal(status) for status in returns.statuses)
        tests.append(f"{_text(returns.status_column)} IN ({listed})")
    return f"coalesce({' OR '.join(tests)}, false)"


def _excluded(mapping: Mapping) -> str:
    """The number of the first exclusion that holds, else null."""
    if not mapping.exclude:
        return "CAST(NULL AS INTEGER)"
    cases = " ".join(
        f"WHEN {' AND '.join(condition_sql(c) for c in exclusion.when)} THEN {index}"
        for index, exclusion in enumerate(mapping.exclude)
    )
    return f"CASE {cases} END"


def _has(column: str | None, kinds: dict[str, str]) -> str:
    """Whether a line has something there; blanks are nothing, and numbers are never blank."""
    if column is None:
        return "false"
    return f"{quoted(column) if kinds[column] in NUMBERS else _text(column)} IS NOT NULL"
