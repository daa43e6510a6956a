"""A web page's origin, as browsers send it in ``Origin`` (RFC 6454 §6.2)."""

import re

from bentos.contract.errors import ContractError

_HOST = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*"
_ORIGIN = re.compile(rf"https://{_HOST}(:[1-9][0-9]{{0,4}})?")
_LOCAL = re.compile(r"http://(localhost|127\.0\.0\.1)(:[1-9][0-9]{0,4})?")
_DEFAULT_PORT = ":443"


def check_origin(text: str, field: str) -> str:
    """Return the origin if a browser could send it; raises ContractError.

    ``https://`` and a lower-case host, a port only if it is not the default one, no path.
    Plain http only on this machine, for developing a theme.
    """
    good = len(text) <= 300 and (_ORIGIN.fullmatch(text) or _LOCAL.fullmatch(text))
    if not good or text.endswith(_DEFAULT_PORT):
        raise ContractError(field, "an origin such as https://shop.example", text)
    return text
