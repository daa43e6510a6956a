"""Tables of persons, of how they prove who they are, and of keys, a service's too."""

from sqlmodel import JSON, Column, Field, SQLModel


class PersonRow(SQLModel, table=True):
    """Someone who may act. Disabled persons stay, because the register names them."""

    __tablename__ = "person"

    id: str = Field(primary_key=True)
    name: str
    roles: list[str] = Field(sa_column=Column(JSON, nullable=False))
    created_at: str
    disabled_at: str | None = None


class KeyRow(SQLModel, table=True):
    """An API key: the SHA-256 hex of its secret, never the secret."""

    __tablename__ = "api_key"

    id: str = Field(primary_key=True)
    digest: str
    person: str | None = Field(default=None, foreign_key="person.id", index=True)
    service: str | None = Field(default=None, index=True)
    created_at: str
    created_by: str
    expires_at: str | None = None
    revoked_at: str | None = None
    last_used_at: str | None = None
    name: str | None = None
    scopes: list[str] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    """Permissions the key is limited to; None: whatever its holder may do."""
    replaced_by: str | None = None
    """The key it was rotated to; it ends at ``expires_at``."""


class PasswordRow(SQLModel, table=True):
    """A person's password as an argon2id digest."""

    __tablename__ = "password"

    person: str = Field(primary_key=True, foreign_key="person.id")
    digest: str
    set_at: str
    set_by: str
    one_time: bool
    """Whoever signs in with it may do nothing but choose another."""
    expires_at: str | None = None


class SessionRow(SQLModel, table=True):
    """A signed-in browser: the SHA-256 hex of its token's secret, never the token."""

    __tablename__ = "person_session"

    id: str = Field(primary_key=True)
    digest: str
    person: str = Field(foreign_key="person.id", index=True)
    auth_method: str
    created_at: str
    idle_s: int
    idle_until: str
    expires_at: str
    ended_at: str | None = None
    ip: str | None = None
    user_agent: str | None = None


class IdentityRow(SQLModel, table=True):
    """Who somebody is to an OpenID provider: issuer and subject, which never change."""

    __tablename__ = "person_identity"

    issuer: str = Field(primary_key=True)
    subject: str = Field(primary_key=True)
    person: str = Field(foreign_key="person.id", index=True)
    linked_at: str
    linked_by: str


class OidcLoginRow(SQLModel, table=True):
    """A browser that was sent to the OpenID provider and has not come back, as digests alone."""

    __tablename__ = "oidc_login"

    state_digest: str = Field(primary_key=True)
    browser_digest: str
    return_to: str
    expires_at: str = Field(index=True)


class SignInCountRow(SQLModel, table=True):
    """Failed sign-ins of one source: an address, a person, or a person from an address."""

    __tablename__ = "sign_in_count"

    source: str = Field(primary_key=True)
    failures: int
    last_at: str = Field(index=True)
    blocked_until: str


class DeviceRow(SQLModel, table=True):
    """A browser from which a person has signed in before: the SHA-256 hex of its token."""

    __tablename__ = "person_device"

    id: str = Field(primary_key=True)
    digest: str
    person: str = Field(foreign_key="person.id", index=True)
    used_at: str
