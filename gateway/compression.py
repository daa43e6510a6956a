"""gzip and deflate, both ways, for whoever asks (RFC 9110 §8.4; deflate is the zlib format).

A compressed body obeys the limit of a plain one: it is unpacked no further than that, so a
small body that claims to be a large one costs no more than a large one would.
"""

import re
import zlib

from msgspec.structs import replace

from gateway.errors import BadRequest, TooLarge, UnsupportedEncoding
from gateway.reply import Reply

CONTENT_ENCODING = b"content-encoding"
ACCEPT_ENCODING = b"accept-encoding"
# A smaller answer fits into one packet as it is: packing it would only cost time.
MIN_COMPRESSED_BYTES = 1024
LEVEL = 1
_WINDOWS = {b"gzip": 16 + zlib.MAX_WBITS, b"deflate": zlib.MAX_WBITS}
_ACCEPTED = re.compile(
    rb"\s*(?P<coding>gzip|deflate)\s*(?:;\s*q\s*=\s*(?P<q>[0-9.]+)\s*)?", re.IGNORECASE
)


def decompress(body: bytes, encoding: bytes, limit: int) -> bytes:
    """Unpack a request body; ``limit`` is in bytes.

    Raises UnsupportedEncoding for another coding, BadRequest for data that is not what the
    header says, and TooLarge as soon as more than ``limit`` bytes have come out.
    """
    coding = encoding.strip().lower()
    if coding == b"identity":
        return body
    window = _WINDOWS.get(coding)
    if window is None:
        raise UnsupportedEncoding(
            f"header Content-Encoding: expected gzip or deflate, got {encoding.decode('latin-1')!r}"
        )
    unpacker = zlib.decompressobj(window)
    try:
        plain = unpacker.decompress(body, limit + 1)
    except zlib.error as error:
        raise BadRequest(f"body: expected {coding.decode()} data, got {error}") from error
    if len(plain) > limit:
        raise TooLarge(f"body: expected at most {limit} bytes once unpacked, got more")
    if not unpacker.eof:
        raise BadRequest(f"body: expected all of the {coding.decode()} data, got only its start")
    if unpacker.unused_data:
        raise BadRequest(
            f"body: expected one {coding.decode()} stream, got {len(unpacker.unused_data)} "
            "bytes after it"
        )
    return plain


def compress(reply: Reply, accept_encoding: bytes) -> Reply:
    """Pack an answer if it is worth it and the caller takes gzip or deflate."""
    if len(reply.body) < MIN_COMPRESSED_BYTES:
        return reply
    coding = _preferred(accept_encoding)
    headers = [*reply.headers, (b"vary", b"accept-encoding")]
    if coding is None:
        return replace(reply, headers=headers)
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, _WINDOWS[coding])
    body = packer.compress(reply.body) + packer.flush()
    return replace(reply, headers=[*headers, (CONTENT_ENCODING, coding)], body=body)


def _preferred(accept_encoding: bytes) -> bytes | None:
    """The coding the caller likes best, gzip when all the same; None if it takes neither."""
    best, best_weight = None, 0.0
    for part in accept_encoding.split(b","):
        match = _ACCEPTED.fullmatch(part)
        if match is None:
            continue
        weight = _weight(match["q"])
        coding = match["coding"].lower()
        if weight > best_weight or (weight == best_weight and weight and coding == b"gzip"):
            best, best_weight = coding, weight
    return best


def _weight(text: bytes | None) -> float:
    if text is None:
        return 1.0
    try:
        return min(float(text), 1.0)
    except ValueError:
        return 0.0
