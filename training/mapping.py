"""A mapping: which columns of an order file mean what. Small TOML files, four come along."""

import re
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec

from bentos.contract.errors import ContractError

PACKAGE = "training.mappings"
CURRENCY = re.compile("[A-Z]{3}")


class Condition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One test of one column; exactly one of the tests is given."""

    column: str
    equals: str | int | float | None = None
    below: float | None = None
    matches: str | None = None
    one_of: tuple[str, ...] | None = msgspec.field(default=None, name="in")
    missing: bool | None = None


class Exclusion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Lines that are left out knowingly, where all conditions hold; counted under ``reason``."""

    reason: str
    when: tuple[Condition, ...]


class Columns(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Names of the file's columns. Where several are allowed they are joined or summed.

    Exactly one of ``unit_price`` and ``line_total``, at most one of ``unit_cost`` and
    ``line_cost``. Columns not named here are never read.
    """

    order_id: str | tuple[str, ...]
    ordered_at: str
    product_id: str | tuple[str, ...]
    quantity: str
    unit_price: str | None = None
    line_total: str | None = None
    customer_id: str | None = None
    product_label: tuple[str, ...] = ()
    category: str | None = None
    list_price: str | None = None
    discount: tuple[str, ...] = ()
    order_discount: str | None = None
    currency: str | None = None
    unit_cost: str | None = None
    line_cost: str | None = None


class Returns(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What marks a line as returned or cancelled; such lines may have a negative quantity."""

    order_id_prefix: str | None = None
    status_column: str | None = None
    statuses: tuple[str, ...] = ()


class Join(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A second file beside the first that describes the products."""

    file: str
    key: str


class FillDown(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Columns written on the first line of an order only."""

    by: str
    columns: tuple[str, ...]


class IdKind(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How identifiers are written: ``integer``, ``text``, ``email``, or ``pseudonym`` already."""

    kind: str = "text"


class Amounts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether the price column still contains the discounts."""

    price_before_discount: bool = True


class Dates(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``format`` as strptime knows it; without it ISO 8601 or the file's own timestamps."""

    format: str | None = None


class Mapping(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One kind of order file. ``timezone`` holds for times without an offset."""

    name: str
    columns: Columns
    title: str = ""
    assumptions: tuple[str, ...] = ()
    consent_basis: str | None = None
    timezone: str = "UTC"
    currency: str | None = None
    detect: tuple[str, ...] = ()
    product_ids: IdKind = IdKind()
    customer_ids: IdKind = IdKind()
    amounts: Amounts = Amounts()
    dates: Dates = Dates()
    returns: Returns = Returns()
    join: Join | None = None
    fill_down: FillDown | None = None
    exclude: tuple[Exclusion, ...] = ()


def included() -> tuple[str, ...]:
    """Names of the mappings that come along."""
    files = resources.files(PACKAGE).iterdir()
    return tuple(sorted(f.name.removesuffix(".toml") for f in files if f.name.endswith(".toml")))


def load(name_or_file: str) -> Mapping:
    """An included mapping by name, or a TOML file; raises ContractError naming what is wrong."""
    if name_or_file in included():
        text = resources.files(PACKAGE).joinpath(f"{name_or_file}.toml").read_text("utf-8")
        return parse(text, name_or_file)
    path = Path(name_or_file)
    if not path.is_file():
        raise ContractError("--mapping", f"one of {list(included())} or a TOML file", name_or_file)
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise ContractError(f"mapping {path}", "TOML in UTF-8", str(error)) from error
    return parse(text, str(path))


def parse(text: str, origin: str) -> Mapping:
    """Read a mapping from TOML; ``origin`` names it in errors."""
    try:
        document: dict[str, Any] = tomllib.loads(text)
        mapping = msgspec.convert(document, Mapping)
    except tomllib.TOMLDecodeError as error:
        raise ContractError(f"mapping {origin}", "TOML", str(error)) from error
    except msgspec.ValidationError as error:
        raise ContractError(f"mapping {origin}", "the fields of a mapping", str(error)) from error
    _check(mapping, origin)
    return mapping


def guess(columns: tuple[str, ...], file: str) -> Mapping:
    """The one included mapping whose marking columns the file has; ambiguity is an error."""
    present = set(columns)
    candidates = [load(name) for name in included()]
    fitting = [m for m in candidates if m.detect and present.issuperset(m.detect)]
    if len(fitting) != 1:
        found = [m.name for m in fitting] or "none"
        raise ContractError(
            f"{file} columns",
            f"exactly one of the mappings {list(included())} to fit",
            f"{found} for {sorted(present)}",
            "Give --mapping NAME or --mapping FILE.toml.",
        )
    return fitting[0]


def _check(mapping: Mapping, origin: str) -> None:
    columns, field = mapping.columns, f"mapping {origin}"
    if (columns.unit_price is None) == (columns.line_total is None):
        raise ContractError(
            f"{field} columns", "exactly one of unit_price and line_total", "both or neither"
        )
    if columns.unit_cost and columns.line_cost:
        raise ContractError(f"{field} columns", "unit_cost or line_cost", "both")
    if (columns.currency is None) == (mapping.currency is None):
        raise ContractError(f"{field}", "a currency, or a currency column", "both or neither")
    if mapping.currency is not None and not CURRENCY.fullmatch(mapping.currency):
        raise ContractError(
            f"{field} currency", "a code of three capital letters", mapping.currency
        )
    if mapping.join is not None and Path(mapping.join.file).name != mapping.join.file:
        raise ContractError(f"{field} join.file", "a file beside the orders", mapping.join.file)
    _check_ids(mapping, field)
    for index, exclusion in enumerate(mapping.exclude):
        if not exclusion.when:
            raise ContractError(f"{field} exclude[{index}].when", "at least one condition", "none")
        for condition in exclusion.when:
            _check_condition(condition, f"{field} exclude[{index}]")


def _check_ids(mapping: Mapping, field: str) -> None:
    for name in ("order_id", "product_id"):
        if not getattr(mapping.columns, name):
            raise ContractError(f"{field} columns.{name}", "a column, or several", "none")
    for ids, allowed in (
        (mapping.product_ids, ("integer", "text")),
        (mapping.customer_ids, ("integer", "text", "email", "pseudonym")),
    ):
        if ids.kind not in allowed:
            raise ContractError(f"{field} kind of ids", f"one of {list(allowed)}", ids.kind)


def _check_condition(condition: Condition, field: str) -> None:
    tests = (
        condition.equals,
        condition.below,
        condition.matches,
        condition.one_of,
        condition.missing,
    )
    if sum(test is not None for test in tests) != 1:
        raise ContractError(
            f"{field}.{condition.column}", "one of equals, below, matches, in, missing", "not one"
        )
