"""Bodies of the people endpoints."""

from pydantic import Field

from control_plane.body import Body


class PersonIn(Body):
    """A person to be."""

    id: str
    name: str = Field(min_length=1, max_length=200)
    roles: list[str]


class RolesIn(Body):
    """A person's roles from now on."""

    roles: list[str]


class KeyIn(Body):
    """A key to be; ``expires_at`` is an RFC 3339 time, ``scopes`` are permissions."""

    name: str | None = None
    scopes: list[str] | None = None
    expires_at: str | None = None


class RotateKeyIn(Body):
    """How long the old key is good beside the new one, in seconds: a day, at most 30."""

    overlap_s: int = Field(default=86_400, ge=0, le=2_592_000)


class IdentityIn(Body):
    """Who somebody is to the OpenID provider; ``issuer`` is the one of the settings."""

    subject: str
    issuer: str | None = None


class SignInIn(Body):
    """Who signs in."""

    person: str
    password: str


class PasswordIn(Body):
    """A password of one's own."""

    current_password: str
    new_password: str
