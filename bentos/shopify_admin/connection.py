"""How one shop is connected: what is kept, sealed, in ``keys/shopify_admin/<shop>.sealed``.

Three ways (docs/shopify-client.md says which is whose): the client's own credentials, an
offline token that expires and is refreshed, or an old token that does neither.
"""

import fcntl
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec

from bentos import seal
from bentos.contract.errors import ContractError
from bentos.contract.shopify import normal_shop
from bentos.seal import Seal
from bentos.whole_file import write_whole

KEY_FILE = "shopify_admin.key"
FOLDER = "shopify_admin"
MAX_SECRET_CHARACTERS = 500
CLIENT_ID = re.compile(r"[A-Za-z0-9._-]{1,100}")

Grant = Literal["client_credentials", "offline", "static"]


class Connection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A shop's credentials and the token that is in force; times are aware, in UTC."""

    shop: str
    grant: Grant
    # Where the shop answers, if not at its own address: what stands in for Shopify.
    site: str | None = None
    client_id: str = ""
    client_secret: str = ""
    access_token: str = ""
    expires_at: datetime | None = None
    refresh_token: str = ""
    refresh_expires_at: datetime | None = None
    scopes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Connection({self.shop}, {self.grant}, expires_at={self.expires_at})"


class ConnectionStore:
    """The connections of a home. ``keys`` is its keys folder; the key is made on first use."""

    def __init__(self, keys: Path) -> None:
        self._keys = keys
        self._folder = keys / FOLDER

    def shops(self) -> list[str]:
        """Every shop that is connected."""
        return sorted(path.stem for path in self._folder.glob("*.sealed"))

    def read(self, shop: str) -> Connection:
        """A shop's connection; raises ContractError if there is none or it does not open."""
        path = self._path(shop)
        try:
            sealed = path.read_text("ascii")
        except FileNotFoundError:
            hint = "Connect it: python -m training shop connect --domain …"
            raise ContractError("shop", "a connected one", shop, hint) from None
        try:
            opened = self._seal().open(sealed, path.stem)
            return msgspec.json.decode(opened, type=Connection)
        except (seal.UnreadableError, msgspec.MsgspecError) as error:
            hint = f"Restore {KEY_FILE}, or connect the shop again."
            what = "what this home's key opens"
            raise ContractError(str(path), what, type(error).__name__, hint) from None

    def write(self, connection: Connection) -> None:
        """Keep a connection; what was there of this shop is replaced."""
        path = self._path(connection.shop)
        self._make_folder()
        write_whole(path, self._seal().close(msgspec.json.encode(connection), path.stem))

    def remove(self, shop: str) -> bool:
        """Forget a shop's credentials (app/uninstalled); whether there were any."""
        with self.turn(shop):
            path = self._path(shop)
            there = path.exists()
            path.unlink(missing_ok=True)
        return there

    def reseal(self) -> int:
        """Seal all with the newest key, after a line was put first in the key file; how many."""
        newest, done = self._seal(), 0
        for shop in self.shops():
            with self.turn(shop):
                if not newest.is_newest(self._path(shop).read_text("ascii")):
                    self.write(self.read(shop))
                    done += 1
        return done

    @contextmanager
    def turn(self, shop: str) -> Iterator[None]:
        """One at a time, over all processes: a refresh token must not be spent twice."""
        self._make_folder()
        with self._path(shop).with_suffix(".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _path(self, shop: str) -> Path:
        return self._folder / f"{normal_shop(shop)}.sealed"

    def _make_folder(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _seal(self) -> Seal:
        path = self._keys / KEY_FILE
        if not path.exists():
            # Two that make it at once would each seal with their own.
            self._make_folder()
            with (self._folder / "key.lock").open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                seal.make_key(path)
        return Seal(seal.load_keys(path, "Restore it from a backup."), path.name)
