"""``query:`` in Shopify's search syntax, as a condition on the shop's records.

What it does not know it ignores and warns of, as Shopify does: a misspelt field finds everything.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.stand_in.shopify.records import Kind
from tests.stand_in.shopify.search_syntax import Either, Every, Not, Query, Term, parsed
from tests.stand_in.shopify.shop import EVERYTHING, Condition

_LIST = "EXISTS (SELECT 1 FROM json_each(body, '$.{path}') WHERE lower(value) = lower(?))"


def _text(path: str) -> str:
    return f"json_extract(body, '$.{path}')"


TIMES = {"created_at": "created_at", "updated_at": "updated_at", "processed_at": "processed_at"}
# Search field → SQL, by kind; a tuple holds (SQL, how a value is read).
FIELDS: dict[Kind, dict[str, str]] = {
    Kind.ORDER: {
        **TIMES,
        "id": "number",
        "name": _text("name"),
        "email": _text("email"),
        "financial_status": _text("displayFinancialStatus"),
        "fulfillment_status": _text("displayFulfillmentStatus"),
        "test": _text("test"),
        "customer_id": "customer",
        "checkout_token": _text("checkoutToken"),
        "cart_token": _text("cartToken"),
        "source_name": _text("sourceName"),
        "risk_level": _text("risk.assessments[0].riskLevel"),
        "chargeback_status": _text("disputes[0].status"),
        "tag": _LIST.format(path="tags"),
    },
    Kind.CUSTOMER: {
        "id": "number",
        "customer_date": "created_at",
        "created_at": "created_at",
        "updated_at": "updated_at",
        "email": _text("email"),
        "phone": _text("phone"),
        "first_name": _text("firstName"),
        "last_name": _text("lastName"),
        "state": _text("state"),
        "country": _text("defaultAddress.countryCodeV2"),
        "tag": _LIST.format(path="tags"),
    },
    Kind.PRODUCT: {
        "id": "number",
        "created_at": "created_at",
        "updated_at": "updated_at",
        "title": _text("title"),
        "handle": _text("handle"),
        "status": _text("status"),
        "vendor": _text("vendor"),
        "product_type": _text("productType"),
        "tag": _LIST.format(path="tags"),
    },
    Kind.VARIANT: {
        "id": "number",
        "updated_at": "updated_at",
        "product_id": "parent",
        "sku": _text("sku"),
        "title": _text("title"),
    },
    Kind.INVENTORY_ITEM: {
        "id": "number",
        "created_at": "created_at",
        "updated_at": "updated_at",
        "sku": _text("sku"),
    },
    Kind.INVENTORY_LEVEL: {
        "id": "number",
        "created_at": "created_at",
        "updated_at": "updated_at",
    },
    Kind.DISPUTE: {"id": "number", "status": _text("status"), "initiated_at": "created_at"},
    Kind.LOCATION: {"id": "number", "name": _text("name")},
    Kind.REFUND: {},
}
NUMBERS = {"number", "customer", "parent"}
STAMPS = {"created_at", "updated_at", "processed_at"}


@dataclass(slots=True)
class Search:
    """A parsed query: ``parsed`` and ``warnings`` are what ``extensions.search`` shows."""

    condition: Condition = EVERYTHING
    parsed: Any = None
    warnings: list[dict[str, str]] = field(default_factory=list)


class InvalidTimestamp(ValueError):
    """A time filter whose value is none."""


def search(kind: Kind, text: str | None, only: frozenset[str] | None = None) -> Search:
    """What a query text asks for, of some fields or all; raises InvalidTimestamp."""
    found, query = Search(), parsed(text)
    if query is not None:
        conditions = _Conditions(_fields(kind, only), found.warnings)
        found.condition, found.parsed = conditions.of(query)
    return found


def _fields(kind: Kind, only: frozenset[str] | None) -> dict[str, str]:
    return {name: sql for name, sql in FIELDS.get(kind, {}).items() if only is None or name in only}


@dataclass(slots=True)
class _Conditions:
    """A tree's parts as conditions, each with what ``extensions.search`` shows of it."""

    fields: dict[str, str]
    warnings: list[dict[str, str]]

    def of(self, query: Query) -> tuple[Condition, Any]:
        match query:
            case Every(parts):
                return _joined([self.of(part) for part in parts], "AND", "and")
            case Either(parts):
                return _joined([self.of(part) for part in parts], "OR", "or")
            case Not(part):
                condition, shown = self.of(part) if part is not None else (EVERYTHING, None)
                if condition is not EVERYTHING:
                    condition = Condition(f"NOT coalesce({condition.sql}, 0)", condition.values)
                return condition, {"not": shown}
            case Term():
                return self._term(query)

    def _term(self, term: Term) -> tuple[Condition, Any]:
        name, value = term.field, term.value
        if name is None:
            sql = (
                f"instr(lower({_text('name')} || ' ' || coalesce({_text('email')}, '')), lower(?))"
            )
            return Condition(sql, (value,)), {"match_all": value}
        # The trap of a time without quotes: what follows its colon is read as another field.
        if not term.quoted and ":" in value:
            head, *_, tail = value.split(":")
            name = value.split(":")[-2][-2:] if value.count(":") > 1 else head[-2:]
            return self._unknown(name, tail)
        column = self.fields.get(name)
        if column is None:
            return self._unknown(name, value)
        return _compared(column, term.sign, value), _shown(name, term.sign, value)

    def _unknown(self, name: str, value: str) -> tuple[Condition, Any]:
        self.warnings.append(
            {
                "field": name,
                "message": "Invalid search field for this query.",
                "code": "invalid_field",
            }
        )
        return EVERYTHING, {"field": name, "match_all": value}


def _joined(parts: list[tuple[Condition, Any]], word: str, shown: str) -> tuple[Condition, Any]:
    # An ignored part of an AND asks for everything; of an OR it has no say either.
    said = [condition for condition, _ in parts if condition is not EVERYTHING]
    parsed = {shown: [each for _, each in parts]}
    if not said:
        return EVERYTHING, parsed
    sql = f" {word} ".join(f"({condition.sql})" for condition in said)
    return Condition(sql, tuple(v for condition in said for v in condition.values)), parsed


SHOWN = {">=": "range_gte", "<=": "range_lte", ">": "range_gt", "<": "range_lt"}


def _shown(name: str, sign: str, value: str) -> dict[str, str]:
    return {"field": name, SHOWN.get(sign, "match_all"): value}


def _compared(sql: str, sign: str, value: str) -> Condition:
    if sql in STAMPS:
        return _moment(sql, sign, value)
    if value == "*":
        return Condition(f"{sql} IS NOT NULL")
    if sql in NUMBERS:
        digits = value.rpartition("/")[2]
        return Condition(f"{sql} {sign} ?", (int(digits) if digits.isdigit() else -1,))
    if value in ("true", "false"):
        return Condition(f"{sql} = ?", (int(value == "true"),))
    if "?" in sql:
        return Condition(sql, (value,))
    if value.endswith("*"):
        return Condition(f"lower({sql}) LIKE lower(?)", (value[:-1] + "%",))
    return Condition(f"lower({sql}) = lower(?)", (value,))


def _moment(sql: str, sign: str, value: str) -> Condition:
    """A time or day; a day means all of it."""
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        raise InvalidTimestamp(f"Invalid timestamp for query filter `{sql}`.") from None
    start = int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())
    if len(value) > 10 or sign in (">=", "<"):
        return Condition(f"{sql} {sign} ?", (start,))
    if sign == "=":
        return Condition(f"{sql} >= ? AND {sql} < ?", (start, start + 86_400))
    return Condition(f"{sql} {'>=' if sign == '>' else '<'} ?", (start + 86_400,))
