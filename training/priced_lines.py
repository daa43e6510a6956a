"""What a line costs: its discounts and its share of the order's taken off, exactly.

Amounts are whole numbers of ten-thousandths while they are divided, never floats.
"""
# ruff: noqa: S608 - names and values are quoted by order_file.quoted and literal

from training import narrow_lines
from training.mapping import Mapping
from training.parsed_lines import MONEY


def query(mapping: Mapping) -> str:
    """Narrow lines (codes for names, the place for the order) of ``parsed``, in no order."""
    columns = mapping.columns
    quantity = "abs(quantity)"
    before = mapping.amounts.price_before_discount
    stated = "abs(price)" if columns.line_total else f"abs(price) * {quantity}"
    gross = stated if before else f"({stated} + discount)"
    off = _off(mapping, gross)
    paid = _rounded(_units(f"{gross} - {off}"), quantity)
    whole = _rounded(_units(gross), quantity)
    if columns.unit_price and before:
        # Divided by the quantity it was multiplied with: most lines can do without.
        paid, whole = f"CASE WHEN {off} = 0 THEN abs(price) ELSE {paid} END", "abs(price)"
    listed = "list_price" if columns.list_price else whole
    cost = _rounded(_units("cost"), quantity) if columns.line_cost else "cost"
    return f"""
        SELECT place, row, product_id, {narrow_lines.CODES}, {quantity} AS quantity,
            CAST({paid} AS {MONEY}) AS unit_price,
            CAST(greatest({listed}, {paid}) AS {MONEY}) AS list_price,
            CAST({off} AS {MONEY}) AS discount,
            CAST({cost} AS {MONEY}) AS unit_cost, is_return
        FROM parsed JOIN products USING (product) {narrow_lines.JOINS} WHERE excluded IS NULL
        WINDOW of_order AS (PARTITION BY place)"""


def _off(mapping: Mapping, gross: str) -> str:
    """What is taken off a line."""
    columns = mapping.columns
    if not columns.order_discount:
        return f"least({gross}, discount)" if columns.discount else f"CAST(0 AS {MONEY})"
    of_order = f"nullif({_units(f'sum({gross}) OVER of_order')}, 0)"
    # An order's discount is spread over its lines by their amounts.
    share = _rounded(f"{_units('order_discount')} * {_units(gross)}", of_order)
    return f"least({gross}, discount + coalesce({share}, 0))"


def _units(amount: str) -> str:
    """An amount as a whole number of ten-thousandths: SQL's ``/`` would make it a float."""
    return f"CAST(({amount}) * 10000 AS HUGEINT)"


def _rounded(units: str, divisor: str) -> str:
    """Ten-thousandths, none negative, divided exactly and rounded half up, as money."""
    quotient = f"(2 * ({units}) + {divisor}) // (2 * {divisor})"
    return f"CAST(CAST({quotient} AS DECIMAL(38, 0)) * 0.0001 AS {MONEY})"
