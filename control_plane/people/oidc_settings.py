"""Settings of signing in through an OpenID provider, from the environment."""

from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from control_plane.principal import Role

LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})


class OidcSettings(BaseSettings):
    """One provider, or none while ``oidc_issuer`` is not set."""

    model_config = SettingsConfigDict(env_prefix="SIGNALBOX_", frozen=True)

    oidc_issuer: str | None = None
    """The provider's issuer, exactly as it stands in its tokens."""
    oidc_client_id: str = ""
    """Whom the provider knows us as."""
    oidc_client_secret_file: Path | None = None
    """File with the client's secret; without one we are a public client, with PKCE as ever."""
    oidc_scopes: str = "openid profile email"
    """What is asked for, with spaces; ``openid`` is a must."""
    oidc_name: str = Field(default="single sign-on", max_length=60)
    """What the button says."""
    oidc_role_claim: str | None = None
    """The claim that lists groups; with it the provider rules over the roles at each sign-in."""
    oidc_roles: dict[str, Role] = {}
    """Group → role, as JSON; groups that are not named give nothing."""
    oidc_allowed_domains: frozenset[str] = frozenset()
    """Domains of verified e-mail addresses that may sign in, as JSON; all when empty."""
    oidc_auto_provision: bool = False
    """Whether somebody unknown becomes a person at their first sign-in."""

    @field_validator("oidc_issuer")
    @classmethod
    def _is_safe(cls, issuer: str | None) -> str | None:
        if issuer is not None and not is_safe_url(issuer):
            raise ValueError("expected https://, or http:// on this machine")
        return issuer

    @field_validator("oidc_roles")
    @classmethod
    def _are_roles_of_persons(cls, roles: dict[str, Role]) -> dict[str, Role]:
        if Role.SERVICE in roles.values():
            raise ValueError("expected roles of persons, got service")
        return roles

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.oidc_issuer is None:
            return self
        if not self.oidc_client_id:
            raise ValueError("SIGNALBOX_OIDC_CLIENT_ID: expected a value beside the issuer")
        if "openid" not in self.oidc_scopes.split():
            raise ValueError("SIGNALBOX_OIDC_SCOPES: expected openid among them")
        if self.oidc_auto_provision and not (self.oidc_allowed_domains or self.oidc_role_claim):
            raise ValueError(
                "SIGNALBOX_OIDC_AUTO_PROVISION: expected SIGNALBOX_OIDC_ALLOWED_DOMAINS or "
                "SIGNALBOX_OIDC_ROLE_CLAIM with it, else everybody the provider knows comes in"
            )
        return self


def is_safe_url(url: str) -> bool:
    """Whether a provider may be spoken to there: TLS, or this very machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOCAL_HOSTS)
