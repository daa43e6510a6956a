"""What can go wrong, each error knowing its status; rendered by ``problem.py`` alone.

Input that breaks the contract is a ``bentos.contract.errors.ContractError`` and becomes 422.
"""

from typing import Any, ClassVar


class ControlPlaneError(Exception):
    """Base: an error the caller is told about. ``recorded`` ones are register events."""

    status: ClassVar[int] = 500
    title: ClassVar[str] = "Internal error"
    recorded: ClassVar[bool] = False
    retry_after_s: int | None = None

    def __init__(self, detail: str) -> None:
        self.detail = detail
        self.members: dict[str, Any] = {}
        """What the answer says beside ``detail``, as members of its own (RFC 9457 §3.2)."""
        super().__init__(detail)


class MalformedError(ControlPlaneError):
    """The request cannot be read at all."""

    status = 400
    title = "Malformed request"


class UnauthorizedError(ControlPlaneError):
    """No key, or none that is valid."""

    status = 401
    title = "Unauthorized"
    recorded = True

    def __init__(self, detail: str, key_id: str | None = None) -> None:
        self.key_id = key_id
        super().__init__(detail)


class ForbiddenError(ControlPlaneError):
    """The key is valid and this is not its to do."""

    status = 403
    title = "Forbidden"
    recorded = True


class NotFoundError(ControlPlaneError):
    """No such thing."""

    status = 404
    title = "Not found"


class ConflictError(ControlPlaneError):
    """It exists already, or changed since it was read."""

    status = 409
    title = "Conflict"


class StaleError(ConflictError):
    """The caller read an older revision. Answered 412 where they said so with If-Match."""

    title = "Changed meanwhile"

    def __init__(self, detail: str, **members: Any) -> None:
        super().__init__(detail)
        self.members = members


class InFlightError(ConflictError):
    """The same keyed request is being carried out."""

    title = "Being carried out"
    retry_after_s = 1


class DoneAlreadyError(ConflictError):
    """A keyed request was carried out before, and its answer is not kept."""

    title = "Carried out already"

    def __init__(self, detail: str, **members: Any) -> None:
        super().__init__(detail)
        self.members = members


class KeyReusedError(ControlPlaneError):
    """An idempotency key came with another request before."""

    status = 422
    title = "Idempotency key used before"


class PreconditionRequiredError(ControlPlaneError):
    """The write must say which revision it is about (RFC 6585 §3)."""

    status = 428
    title = "Precondition required"


class PolicyError(ConflictError):
    """The interlocking refuses it: the request is understood, allowed to ask, and unsafe."""

    title = "Refused by policy"
    recorded = True


class TooLargeError(ControlPlaneError):
    """The body is larger than anything this API takes."""

    status = 413
    title = "Body too large"


class ThrottledError(ControlPlaneError):
    """Too many failed attempts; ``retry_after_s`` seconds from now another is taken."""

    status = 429
    title = "Too many attempts"
    recorded = True

    def __init__(self, detail: str, retry_after_s: int) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(detail)


class BusyError(ThrottledError):
    """Asked rightly, but not now: others are being served."""

    status = 503
    title = "Busy"
    recorded = False


class UnavailableError(ControlPlaneError):
    """The database is busy or away; what was asked may be asked again."""

    status = 503
    title = "Database unavailable"
    retry_after_s = 1


class NotReadyError(ControlPlaneError):
    """The process runs and cannot do its work; ``checks``: what of it, and why."""

    status = 503
    title = "Not ready"
    retry_after_s = 1

    def __init__(self, checks: dict[str, str | None]) -> None:
        failing = [f"{name}: {why}" for name, why in checks.items() if why is not None]
        super().__init__("; ".join(failing))
        self.members = {"checks": checks}


class TooBroadError(ControlPlaneError):
    """A question whose answer would take more time or memory than one may."""

    status = 422
    title = "Too broad a question"


class ProviderError(ControlPlaneError):
    """Somebody we rely on failed us; what does not need them goes on."""

    status = 502
    title = "The OpenID provider failed"
