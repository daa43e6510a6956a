"""Addresses of results as Google's storage signs them: whoever has one may read, for a week."""

import hashlib
import hmac
import secrets
from typing import NamedTuple
from urllib.parse import urlencode

from tests.stand_in.shopify.bulk_operation import RESULT_SECONDS

ACCESS_ID = "assets-stand-in@shopify-tiers.iam.gserviceaccount.com"
FOLDER = "/shopify-tiers-assets-stand-in/bulk-operation-outputs"


class Refused(NamedTuple):
    """As Google's storage says no."""

    status: int
    code: str
    message: str

    @property
    def xml(self) -> str:
        """The body."""
        return (
            "<?xml version='1.0' encoding='UTF-8'?>"
            f"<Error><Code>{self.code}</Code><Message>{self.message}</Message></Error>"
        )


NO_SUCH_KEY = Refused(404, "NoSuchKey", "The specified key does not exist.")
EXPIRED = Refused(400, "ExpiredToken", "The provided token has expired.")
UNSIGNED = Refused(
    403,
    "SignatureDoesNotMatch",
    "The request signature we calculated does not match the signature you provided.",
)


class SignedAddress:
    """Makes and checks them with a key of this process."""

    def __init__(self, site: str = "http://127.0.0.1") -> None:
        self.site = site
        self._key = secrets.token_bytes(32)

    def of(self, number: int, finished_at: float) -> str:
        """The address of an operation's rows, good for a week from ``finished_at``."""
        name, expires = self.name(number), str(int(finished_at) + RESULT_SECONDS)
        file = f'attachment; filename="bulk-{number}.jsonl"'
        query = {
            "GoogleAccessId": ACCESS_ID,
            "Expires": expires,
            "Signature": self._signature(name, expires),
            "response-content-disposition": file,
            "response-content-type": "application/jsonl",
        }
        return f"{self.site}{FOLDER}/{name}?{urlencode(query)}"

    def name(self, number: int) -> str:
        """The object's name: not to be guessed."""
        digest = hmac.digest(self._key, str(number).encode(), "sha256").hex()[:28]
        return f"{digest}-{number}-final"

    def check(self, name: str, expires: str, signature: str, now: float) -> Refused | None:
        """Why an address is not good."""
        if not hmac.compare_digest(self._signature(name, expires).encode(), signature.encode()):
            return UNSIGNED
        return EXPIRED if int(expires) <= now else None

    def number(self, name: str) -> int | None:
        """Whose rows they are."""
        _, _, rest = name.partition("-")
        number = rest.removesuffix("-final")
        known = number.isascii() and number.isdigit() and self.name(int(number)) == name
        return int(number) if known else None

    def _signature(self, name: str, expires: str) -> str:
        return hmac.new(self._key, f"{name}\n{expires}".encode(), hashlib.sha256).hexdigest()
