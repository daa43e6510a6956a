"""What is answered about persons, their keys and their sessions."""

from typing import Annotated, Any, Literal

from control_plane.answer import Answer, Moment, Shown
from control_plane.principal import Permission, Role


class PersonOut(Answer):
    """Someone who may act."""

    id: str
    name: str
    roles: list[Role]
    created_at: Moment
    disabled_at: Moment | None
    """Since when they are shut out; null: they are not."""


class KeyOut(Answer):
    """An API key, without its secret."""

    id: str
    person: str | None
    """Whose it is; null for a service's."""
    service: str | None
    name: str | None
    scopes: list[Permission] | None
    """What it is limited to; null: whatever its holder may do."""
    created_at: Moment
    created_by: str
    expires_at: Moment | None
    revoked_at: Moment | None
    replaced_by: str | None
    """The key it was rotated to."""
    prefix: str
    """As much of its text as may be shown."""


class ListedKeyOut(KeyOut):
    """A key with its last use."""

    last_used_at: Moment | None
    """To about a minute."""


class NewKeyOut(KeyOut):
    """A key that was made just now."""

    key: str
    """The secret: here and never again."""


class PasswordOut(Answer):
    """A one-time password; it is shown this once."""

    person: str
    password: str
    expires_at: Moment | None


class IdentityOut(Answer):
    """Who a person is to an OpenID provider."""

    issuer: str
    subject: str
    person: str
    linked_at: Moment
    linked_by: str


class SessionOut(Answer):
    """A signed-in browser."""

    id: str
    person: str
    auth_method: str
    """``password``, or the provider's."""
    created_at: Moment
    expires_at: Moment
    ended_at: Moment | None
    ip: str | None
    user_agent: str | None


class SelfOut(Answer):
    """Who is asking."""

    type: Literal["person", "service"]
    id: str
    name: str
    roles: list[Role]
    permissions: list[Permission]
    auth_method: str
    must_change_password: bool
    """They may do nothing but choose a password of their own."""


class SignedInOut(SelfOut):
    """Who has just signed in, until when."""

    expires_at: Moment


class SignedOutOut(Answer):
    """Signed out here."""

    provider_sign_out: str | None
    """Where the browser ends its session at the OpenID provider, which is still open."""


class OidcMethodOut(Answer):
    """The OpenID provider's door."""

    name: str
    start: str
    """Where to send the browser."""


class MethodsOut(Answer):
    """How one may sign in."""

    password: bool
    oidc: OidcMethodOut | None


class HeldSinceOut(Answer):
    """Since when a role is held without a break, and by whom it was given."""

    at: Moment
    by: str


class PasswordStateOut(Answer):
    """That there is a password, and whose doing it is."""

    set_at: Moment
    set_by: str
    one_time: bool


class ReviewedKeyOut(ListedKeyOut):
    """A key as an auditor looks at it."""

    live: bool
    made_by_another: bool
    """Somebody besides its holder has seen it."""


class ReviewedPersonOut(Answer):
    """A person as an auditor looks at them."""

    id: str
    name: str
    created_at: Moment
    disabled_at: Moment | None
    roles: dict[Role, HeldSinceOut]
    permissions: list[Permission]
    password: PasswordStateOut | None
    identities: list[IdentityOut]
    sessions: int
    """How many browsers are signed in."""
    keys: list[ReviewedKeyOut]


class ReviewedServiceOut(Answer):
    """A service and its keys."""

    id: str
    permissions: list[Permission]
    keys: list[ReviewedKeyOut]


class AccessReviewOut(Answer):
    """Everyone who could act, disabled ones too, and the services."""

    people: list[ReviewedPersonOut]
    services: list[ReviewedServiceOut]


Person = Annotated[dict[str, Any], Shown(PersonOut)]
Key = Annotated[dict[str, Any], Shown(KeyOut)]
ListedKey = Annotated[dict[str, Any], Shown(ListedKeyOut)]
NewKey = Annotated[dict[str, Any], Shown(NewKeyOut)]
Password = Annotated[dict[str, Any], Shown(PasswordOut)]
Identity = Annotated[dict[str, Any], Shown(IdentityOut)]
Session = Annotated[dict[str, Any], Shown(SessionOut)]
Self = Annotated[dict[str, Any], Shown(SelfOut)]
NewSession = Annotated[dict[str, Any], Shown(SignedInOut)]
SignedOut = Annotated[dict[str, Any], Shown(SignedOutOut)]
Methods = Annotated[dict[str, Any], Shown(MethodsOut)]
AccessReview = Annotated[dict[str, Any], Shown(AccessReviewOut)]
