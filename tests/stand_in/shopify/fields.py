"""How any field of Shopify's schema is answered: by a rule of its own, else of what is stored.

A stored decimal text becomes money, a number another record, a list a connection. What the shop
does not store is null, or the emptiest value the schema permits.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from graphql import (
    GraphQLNonNull,
    GraphQLOutputType,
    GraphQLResolveInfo,
    get_named_type,
    get_nullable_type,
    is_enum_type,
    is_list_type,
    is_scalar_type,
)

from tests.stand_in.shopify import connections
from tests.stand_in.shopify.asking import Asking
from tests.stand_in.shopify.errors import access_denied, unapproved_field, unapproved_object
from tests.stand_in.shopify.records import Kind, Record, timestamp
from tests.stand_in.shopify.schema import AdminSchema

Rule = Callable[..., Any]
# (type, field) → its rule: called with the request, the source, GraphQL's info and the arguments.
RULES: dict[tuple[str, str], Rule] = {}
KINDS = {kind.value: kind for kind in Kind}
MONEY = {"MoneyBag", "MoneyV2"}
EMPTY = {"Boolean": False, "Int": 0, "Float": 0.0, "Decimal": "0.0", "Money": "0.00", "JSON": {}}
EPOCH = timestamp(0)


def plays(kind: str, *fields: str) -> Callable[[Rule], Rule]:
    """Make a function the rule of fields; the schema's roots are QueryRoot and Mutation."""

    def register(rule: Rule) -> Rule:
        RULES.update({(kind, name): rule for name in fields})
        return rule

    return register


def type_of(source: Any, *_: Any) -> str | None:
    """The object type of an answer whose field is of an interface or union."""
    if isinstance(source, Record):
        return source.kind.value
    return source.get("__typename") if isinstance(source, dict) else None


def resolve(source: Any, info: GraphQLResolveInfo, **said: Any) -> Any:
    """graphql-core's field resolver."""
    asking: Asking = info.context
    name = info.field_name
    plan = plan_of(asking.admin, info.parent_type.name, name, info.return_type)
    if plan.guarded:
        plan.check(asking, name)
    if plan.rule is not None:
        value = plan.rule(asking, source, info, **said)
    elif plan.of_root:
        raise NotImplementedError(f"{name} is not played by this stand-in.")
    else:
        value = stored(source, name)
    return value if plan.plain and value is not None else shaped(asking, plan, value, **said)


def stored(source: Any, name: str) -> Any:
    """What a record or part of one holds under a name."""
    if isinstance(source, Record):
        if name in OF_RECORDS and name not in source.body:
            return OF_RECORDS[name](source)
        return source.body.get(name)
    return source.get(name) if isinstance(source, dict) else None


OF_RECORDS: dict[str, Callable[[Record], Any]] = {
    "id": lambda record: record.gid,
    "legacyResourceId": lambda record: str(record.number),
    "createdAt": lambda record: timestamp(record.created_at),
    "updatedAt": lambda record: timestamp(record.updated_at),
    "processedAt": lambda record: timestamp(record.processed_at),
}


def shaped(asking: Asking, plan: "Plan", value: Any, **said: Any) -> Any:
    """A stored value as the field's type wants it."""
    name = plan.named
    if plan.connection:
        return value if isinstance(value, dict) else connections.of_list(value or [], **said)
    if name in MONEY and isinstance(value, str):
        return money(asking, name, value)
    if name in KINDS and isinstance(value, int | list):
        return _records(asking, KINDS[name], value)
    if value is None and isinstance(plan.kind, GraphQLNonNull):
        return _emptiest(asking, plan.kind)
    return value


def money(asking: Asking, kind: str, amount: str) -> dict[str, Any]:
    """An amount in the shop's currency."""
    # Decimal has no needless zero but the first: captured as "55.0".
    shown = amount[:-1] if amount[-3:-2] == "." and amount.endswith("0") else amount
    plain = {"amount": shown, "currencyCode": asking.place.shop.currency}
    return plain if kind == "MoneyV2" else {"shopMoney": plain, "presentmentMoney": plain}


def _records(asking: Asking, kind: Kind, value: int | list[Any]) -> Any:
    if isinstance(value, list):
        found = [_records(asking, kind, each) for each in value]
        return [each for each in found if each is not None]
    return asking.place.shop.get(kind, value) if isinstance(value, int) else value


def _emptiest(asking: Asking, kind: GraphQLOutputType) -> Any:
    kind = get_nullable_type(kind)
    if is_list_type(kind):
        return []
    name = get_named_type(kind).name
    if is_enum_type(kind):
        return next(iter(kind.values))
    if name == "DateTime":
        return EPOCH
    if name == "CurrencyCode":
        return asking.place.shop.currency
    if is_scalar_type(kind):
        return EMPTY.get(name, "")
    return money(asking, name, "0.00") if name in MONEY else {}


@dataclass(frozen=True, slots=True)
class Plan:
    """How a field is answered, found out once."""

    kind: GraphQLOutputType
    named: str
    rule: Rule | None
    scopes: tuple[tuple[frozenset[str], str], ...]
    protected: bool
    personal: str | None
    of_root: bool

    @property
    def connection(self) -> bool:
        """Whether its value is a page."""
        return self.named.endswith("Connection")

    @property
    def guarded(self) -> bool:
        """Whether it is closed to anybody."""
        return bool(self.scopes or self.protected or self.personal)

    @property
    def plain(self) -> bool:
        """Whether what is stored is the answer."""
        return not self.connection and self.named not in MONEY and self.named not in KINDS

    def check(self, asking: Asking, name: str) -> None:
        """Raise what Shopify answers to whom the field is closed."""
        for scopes, required in self.scopes:
            if not any(asking.token.may(scope) for scope in scopes):
                raise access_denied(name, required)
        if self.protected and asking.token.level < 2:
            raise unapproved_field(name)
        if self.personal and asking.token.level < 1:
            raise unapproved_object(self.personal)


_PLANS: dict[tuple[int, str, str], Plan] = {}


def plan_of(admin: AdminSchema, parent: str, name: str, kind: GraphQLOutputType) -> Plan:
    """How a field is answered."""
    key = (id(admin), parent, name)
    found = _PLANS.get(key)
    if found is None:
        found = _PLANS[key] = _plan(admin, parent, name, kind)
    return found


def _plan(admin: AdminSchema, parent: str, name: str, kind: GraphQLOutputType) -> Plan:
    """Of the field's own access and of the type it leads to."""
    named = get_named_type(kind).name
    lead = named.removesuffix("Connection")
    needed = [
        (scopes, admin.access[key])
        for key in ((parent, name), (lead, ""))
        if (scopes := admin.scopes(key)) and not (key[1] == "" and lead == parent)
    ]
    return Plan(
        kind=kind,
        named=named,
        rule=RULES.get((parent, name)),
        scopes=tuple(needed),
        protected=(parent, name) in admin.protected,
        personal=lead if lead in ("Customer", "Order") else None,
        of_root=parent in ("QueryRoot", "Mutation"),
    )
