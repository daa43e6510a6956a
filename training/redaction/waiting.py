"""Which requests to be erased lie in the home without their record, and what they forbid already.

The ingress goes by a request within seconds, training when a night or the schedule comes to it.
Until then the two agree: of a shop that is to go whole nothing is fetched, and nothing is made of
its orders; whoever else asked is left out of order lines. A sync still reads of a person, for
what it brings is erased with the rest, and it is still there where a law ends the request.
"""

from pathlib import Path

from bentos import redaction_files
from bentos.contract.errors import ContractError
from bentos.contract.redaction import RedactionKind, RedactionRequest
from training.settings import Settings


def waiting(settings: Settings, only: str | None = None) -> list[str]:
    """Their ids, readable or not; of one alone with ``only``, which raises ContractError if it
    was never asked for."""
    if only is None:
        return _names(settings.home)
    asked = {path.stem for path in redaction_files.request_files(settings.home)}
    if only not in asked | _done(settings.home):
        expected = f"a request in {settings.home / 'redactions' / 'requests'}"
        raise ContractError("--request", expected, only)
    return [name for name in _names(settings.home) if name == only]


def requests(home: Path) -> list[RedactionRequest]:
    """Those themselves. Raises ContractError for one that cannot be read: nobody knows whom it
    names, so nothing is made of anybody's orders."""
    paths = [redaction_files.request_path(home, name) for name in _names(home)]
    return [redaction_files.read_request(path) for path in paths]


def check_shop(home: Path, shop: str) -> None:
    """Raise ContractError while a shop is to be erased whole."""
    for request in requests(home):
        if request.kind is RedactionKind.SHOP and request.shop == shop:
            expected, got = "a shop nobody asked to erase", f"redaction {request.id}, which waits"
            hint = "It goes with the next night, or at once: python -m training redact"
            raise ContractError(f"shop {shop}", expected, got, hint)


def _names(home: Path) -> list[str]:
    done = _done(home)
    return [path.stem for path in redaction_files.request_files(home) if path.stem not in done]


def _done(home: Path) -> set[str]:
    return {path.stem for path in redaction_files.record_files(home / "lake")}
