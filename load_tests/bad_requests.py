"""Requests a gateway must refuse, or answer, without harm: valid ones damaged in every way."""

import gzip
import random
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from load_tests.installation.model import MODEL
from load_tests.installation.question import INFER_PATH, PREDICT_PATH, Question

LENGTH = "inference-header-content-length"
HOST_LINE = "host: localhost"
# Unpacks to ten times what a body may have.
BOMB = gzip.compress(b" " * 10_485_760)
PATHS = (
    "/",
    "/v2/models/nothing",
    f"/v2/models/{MODEL}/versions/9/infer",
    "/v2/health/live",
    "/v9",
)


@dataclass(frozen=True, slots=True)
class BadRequest:
    """Its bytes. ``whole`` says that an answer is due; else the caller hangs up after them."""

    kind: str
    data: bytes
    whole: bool = True


def render(method: str, path: str, headers: list[str], body: bytes) -> bytes:
    """A request's bytes."""
    lines = [f"{method} {path} HTTP/1.1", HOST_LINE, *headers, f"content-length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


class BadRequests:
    """Makes bad requests out of good ones; the same seed makes the same ones."""

    def __init__(self, api_key: str, seed: int) -> None:
        self._key = f"authorization: Bearer {api_key}"
        self._random = random.Random(seed)
        self._kinds: dict[str, Callable[[Question], BadRequest]] = {
            "damaged": self._damaged,
            "mislabelled": self._mislabelled,
            "damaged_pack": self._damaged_pack,
            "bomb": self._bomb,
            "random": self._random_bytes,
            "path": self._path,
            "key": self._wrong_key,
            "half": self._half,
            "no_http": self._no_http,
        }

    def make(self, good: Question) -> BadRequest:
        """One more, of a kind drawn evenly."""
        return self._kinds[self._random.choice(list(self._kinds))](good)

    def _damaged(self, good: Question) -> BadRequest:
        return BadRequest("damaged", self._ask(good, [], self._damage(good.body)))

    def _mislabelled(self, good: Question) -> BadRequest:
        length = self._random.choice(["-1", "0", "1", "x", "99999999", str(len(good.body))])
        return BadRequest("mislabelled", self._ask(good, [f"{LENGTH}: {length}"], good.body))

    def _damaged_pack(self, good: Question) -> BadRequest:
        coding = self._random.choice(["gzip", "deflate"])
        packed = gzip.compress(good.body) if coding == "gzip" else zlib.compress(good.body)
        body = self._damage(packed)
        return BadRequest("damaged_pack", self._ask(good, [f"content-encoding: {coding}"], body))

    def _bomb(self, good: Question) -> BadRequest:
        return BadRequest("bomb", self._ask(good, ["content-encoding: gzip"], BOMB))

    def _random_bytes(self, good: Question) -> BadRequest:
        return BadRequest("random", self._ask(good, [], self._random.randbytes(200)))

    def _path(self, good: Question) -> BadRequest:
        method = self._random.choice(["GET", "POST", "DELETE", "OPTIONS"])
        path = self._random.choice(PATHS)
        return BadRequest("path", render(method, path, [self._key], good.body))

    def _wrong_key(self, good: Question) -> BadRequest:
        key = "authorization: Bearer sbx_000000000000_" + self._random.randbytes(12).hex()
        return BadRequest("key", render("POST", PREDICT_PATH, [key], good.body))

    def _half(self, good: Question) -> BadRequest:
        data = self._ask(good, [], good.body)
        return BadRequest("half", data[: self._random.randrange(1, len(data))], whole=False)

    def _no_http(self, _good: Question) -> BadRequest:
        return BadRequest("no_http", self._random.randbytes(100) + b"\r\n\r\n", whole=False)

    def _ask(self, good: Question, headers: list[str], body: bytes) -> bytes:
        path = INFER_PATH if INFER_PATH.encode() in good.head else PREDICT_PATH
        return render("POST", path, [self._key, *headers], body)

    def _damage(self, body: bytes) -> bytes:
        data = bytearray(body)
        for _ in range(self._random.randint(1, 4)):
            at = self._random.randrange(len(data) or 1)
            match self._random.randrange(4):
                case 0:
                    data[at : at + 1] = self._random.randbytes(1)
                case 1:
                    del data[at : at + self._random.randint(1, 30)]
                case 2:
                    data[at:at] = data[at : at + 30]
                case _:
                    data[at:at] = self._random.randbytes(4)
        return bytes(data)
