"""What a gateway worker hands to the shadow process: answered requests, several in one datagram.

MessagePack arrays. Both ends are of one installation, so the shape carries no version; during a
rolling restart they may be of two releases, so a field is only ever added, at the end, with a
default.
"""

from typing import Any

import msgspec

from gateway.feature_lookup import Entities


class ShadowCopy(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One answered request; ``versions`` are to be asked the same.

    ``at`` is time.monotonic, one clock for all processes of a machine, as its answer was ready.
    ``rows`` are of the model's row type; none: there are too many, or too large ones.
    """

    decision_id: str
    model: str
    versions: tuple[str, ...]
    at: float
    outputs: dict[str, list[Any]]
    entities: Entities | None
    rows: Any


class ArrivedCopy(ShadowCopy, frozen=True, array_like=True, gc=False):
    """The same, its rows not decoded: their type follows from the model's signature."""

    rows: msgspec.Raw


encode_copies = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(list[ArrivedCopy])


def decode_copies(data: bytes) -> list[ArrivedCopy]:
    """What ``encode_copies`` made of a list; raises msgspec.MsgspecError for anything else."""
    return _decoder.decode(data)
