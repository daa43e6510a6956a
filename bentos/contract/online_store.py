"""The online feature store: the format between training, which fills it, and gateways.

    key     <view>@<version> 0x1f <entity kind> 0x1f <pseudonym>, ASCII, at most 170 bytes
    value   MessagePack [schema, at (µs since 1970, UTC), {field: number, list or null}]

A *generation* is the whole store as one run of training left it, and is never changed again.
On disk it is the folder ``generations/<name>`` (an LMDB environment and ``generation.json``),
and the file ``current`` holds the name of the one to read. In Redis its keys start with
``signalbox:{<shop>}:online:<name>:``, and ``signalbox:{<shop>}:online:current`` holds its
``generation.json``. Either pointer is replaced in one step, so nobody reads half of a run.
"""

import re
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from bentos.contract.errors import ContractError, from_decoding
from bentos.contract.feature_view import FeatureView

SCHEMA_VERSION = 1
CURRENT_FILE = "current"
GENERATIONS_FOLDER = "generations"
GENERATION_FILE = "generation.json"
GENERATION_NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,63}")
_SEPARATOR = "\x1f"

Value = bool | int | float | list[bool | int | float | None] | None


class OnlineRecord(msgspec.Struct, frozen=True, array_like=True):
    """What a view knows of one entity. ``at_us``: the moment its values hold for."""

    schema: int
    at_us: int
    fields: dict[str, Value]


class ViewContents(msgspec.Struct, frozen=True, kw_only=True):
    """What a generation holds of one view. ``digest``: of the definition its values come from
    (``FeatureView.digest``); absent in stores filled before definitions had one."""

    entity: str
    fields: tuple[str, ...]
    records: int
    digest: str | msgspec.UnsetType = msgspec.UNSET


class Generation(msgspec.Struct, frozen=True, kw_only=True):
    """One filling of the store. ``pseudonym_key`` is the fingerprint of the key behind its
    pseudonyms; ``as_of`` and ``created_at`` are RFC 3339; ``views``: tag → contents."""

    name: str
    shop: str
    pseudonym_key: str
    as_of: str
    created_at: str
    views: dict[str, ViewContents]
    schema: int = SCHEMA_VERSION


_record_decoder: msgspec.msgpack.Decoder[OnlineRecord] = msgspec.msgpack.Decoder(OnlineRecord)
_encoder = msgspec.msgpack.Encoder(order="sorted")


def key_prefix(view: FeatureView) -> bytes:
    """The key of a view's record up to the pseudonym."""
    return f"{view.tag}{_SEPARATOR}{view.entity}{_SEPARATOR}".encode("ascii")


def encode_record(at_us: int, fields: dict[str, Any]) -> bytes:
    """A record's value."""
    return _encoder.encode(OnlineRecord(SCHEMA_VERSION, at_us, fields))


def decode_record(data: bytes, field: str) -> OnlineRecord:
    """A record from its value; raises ContractError for anything else."""
    try:
        record = _record_decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise from_decoding(error, field, "a record of the online store") from error
    if record.schema != SCHEMA_VERSION:
        raise ContractError(f"{field}.schema", f"{SCHEMA_VERSION}", record.schema)
    return record


def encode_generation(generation: Generation) -> bytes:
    """``generation.json``: a person may read it, a gateway checks it."""
    return msgspec.json.format(msgspec.json.encode(generation, order="sorted"), indent=2)


def decode_generation(data: bytes, field: str) -> Generation:
    """A generation from its JSON; raises ContractError naming what is wrong."""
    try:
        generation = msgspec.json.decode(data, type=Generation)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise from_decoding(error, field, "a generation of the online store") from error
    if generation.schema != SCHEMA_VERSION:
        raise ContractError(f"{field}.schema", f"{SCHEMA_VERSION}", generation.schema)
    check_generation_name(generation.name, f"{field}.name")
    _check_moment(generation.as_of, f"{field}.as_of")
    return generation


def generation_moment(generation: Generation) -> float:
    """The moment its values hold for, in seconds since 1970."""
    return datetime.fromisoformat(generation.as_of).timestamp()


def check_generation_name(name: str, field: str) -> str:
    """The name, if it may be a folder's; raises ContractError for a path or anything longer."""
    if not GENERATION_NAME.fullmatch(name):
        raise ContractError(field, "1 to 64 letters, digits, - and _", name)
    return name


def check_origin(generation: Generation, shop: str, pseudonym_key: str) -> None:
    """Raise ContractError unless it was filled for this shop under this pseudonym key.

    Under another key every lookup would miss, silently.
    """
    field = f"online store generation {generation.name}"
    if generation.shop != shop:
        raise ContractError(f"{field}.shop", shop, generation.shop)
    if generation.pseudonym_key != pseudonym_key:
        raise ContractError(
            f"{field}.pseudonym_key",
            pseudonym_key,
            generation.pseudonym_key,
            "Fill it with the gateway's own keys/pseudonym.key.",
        )


def check_definition(generation: Generation, view: FeatureView) -> None:
    """Raise ContractError if a schema asks for another definition than the values come from.

    A schema without a digest takes whatever bears the tag.
    """
    if view.digest is msgspec.UNSET:
        return
    held = generation.views.get(view.tag)
    if held is None:
        found = f"{sorted(generation.views)}"
    elif held.digest is msgspec.UNSET:
        found = "a view without a digest"
    elif held.digest == view.digest:
        return
    else:
        found = held.digest
    raise ContractError(
        f"online store generation {generation.name}.views.{view.tag}",
        f"the definition {view.digest}",
        found,
        "Fill the store with the training this version comes from, or release a version that "
        "reads what the store holds.",
    )


def redis_prefix(shop: str) -> str:
    """What every key of a shop starts with; the braces keep a cluster's keys on one node."""
    return f"signalbox:{{{shop}}}:online:"


def redis_address(url: str, password_file: Path | None) -> tuple[str, str | None]:
    """Where Redis is and its password, from the settings ``SIGNALBOX_ONLINE_STORE_…``.

    Raises ContractError, which does not repeat the URL, for another scheme, for a password in
    the URL (it would end up in process lists and logs) and for a file that cannot be read.
    """
    setting = "SIGNALBOX_ONLINE_STORE_URL"
    parts = urlsplit(url)
    if parts.scheme not in ("redis", "rediss", "unix"):
        raise ContractError(setting, "redis://, rediss:// or unix://", parts.scheme)
    if parts.password or "password=" in parts.query:
        hint = "Put it into a file, and its name into SIGNALBOX_ONLINE_STORE_PASSWORD_FILE."
        raise ContractError(setting, "no password", "one", hint)
    if password_file is None:
        return url, None
    try:
        return url, password_file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ContractError(str(password_file), "a readable file", str(error)) from error


def _check_moment(text: str, field: str) -> None:
    try:
        aware = datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        aware = False
    if not aware:
        raise ContractError(field, "RFC 3339 with an offset", text)
