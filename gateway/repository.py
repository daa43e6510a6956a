"""Triton's model repository extension: the index is served, loading is not.

Versions come and go by releases alone; a caller who could unload one would be a kill switch
without an approval, a reason or a trace in the register.
"""

from typing import Any

import msgspec

from bentos.contract.errors import from_decoding
from bentos.contract.oip import DECODING_ERRORS
from gateway.errors import BadRequest
from gateway.metadata import Values, json_reply
from gateway.reply import Reply
from gateway.serving import Serving
from gateway.snapshot import Snapshot
from gateway.versions import known, short


class IndexRequest(msgspec.Struct):
    """Body of the index call; clients may leave it out altogether."""

    ready: bool = False


_decoder = msgspec.json.Decoder(IndexRequest)


def index(serving: Serving, _values: Values, body: bytes) -> Reply:
    """POST /v2/repository/index: every known version; with ``ready``, those that run."""
    wanted = _decode(body) if body else IndexRequest()
    entries = [
        _entry(serving.snapshot, model, tag)
        for model in sorted(serving.snapshot.models)
        for tag in known(serving.snapshot, model)
    ]
    return json_reply([e for e in entries if e["state"] == "READY" or not wanted.ready])


def refuse_load(_serving: Serving, values: Values, _body: bytes) -> Reply:
    """POST /v2/repository/models/{model}/load and /unload."""
    raise BadRequest(
        f"repository: expected a release to move {values['model']!r}, got a load or unload call. "
        "Versions are started and stopped by releases in the control plane."
    )


def _entry(snapshot: Snapshot, model: str, tag: str) -> dict[str, Any]:
    lane = snapshot.lanes.get(tag)
    reason = ""
    if lane is None:
        reason = "no release needs it: no worker runs"
    elif not lane.reachable:
        reason = "no worker can be reached"
    state = "UNAVAILABLE" if reason else "READY"
    return {"name": model, "version": short(tag), "state": state, "reason": reason}


def _decode(body: bytes) -> IndexRequest:
    try:
        return _decoder.decode(body)
    except DECODING_ERRORS as error:
        raise from_decoding(error, "body", 'nothing, or {"ready": true}') from error
