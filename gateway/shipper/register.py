"""The control plane's register: takes segments' identities, and is asked which it has."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec

from gateway.shipper.identity import SegmentIdentity
from gateway.shipper.lawful import Lawful, read_lawful

TIMEOUT_S = 10.0
PAGE = 1000
_REFUSALS = {400, 409, 413, 422}


class RegisterUnavailable(Exception):
    """It cannot be reached, or not with this key: try again later."""


class RegisterRefused(Exception):
    """It will never take this segment: another with these numbers is recorded."""


class Register:
    """The key is read at each call, so a rotated one is used at once."""

    def __init__(self, url: str, key_path: Path) -> None:
        self._key_path = key_path
        self._client = httpx.Client(
            base_url=url,
            timeout=TIMEOUT_S,
            headers={"user-agent": "signalbox-shipper"},
            trust_env=False,
        )

    def enter(self, identity: SegmentIdentity) -> None:
        """Record a segment; once it returns, the segment's file may go.

        Raises RegisterUnavailable and RegisterRefused.
        """
        answer = self._call("POST", "/api/v1/segments", json=msgspec.to_builtins(identity))
        if answer.status_code in _REFUSALS:
            raise RegisterRefused(f"{answer.status_code} {_detail(answer)}")
        _check(answer)

    def segments(self) -> Iterator[SegmentIdentity]:
        """Every segment that was ever recorded, from the register's own events."""
        for event in self.events("segment:register"):
            if event["outcome"] == "allowed":
                after_change = {name: pair[1] for name, pair in _members(event["diff"])}
                yield msgspec.convert(after_change, SegmentIdentity)

    def lawful(self) -> Lawful:
        """What was erased or has expired."""
        return read_lawful(self.events("decision:redact"), self.events("decision:expire"))

    def events(self, action: str) -> Iterator[dict[str, Any]]:
        """The register's events of one action, denied ones too."""
        after = 0
        while True:
            parameters = {"action": action, "after": after, "limit": PAGE}
            answer = self._call("GET", "/api/v1/register/events", params=parameters)
            _check(answer)
            events = answer.json()
            yield from events
            if len(events) < PAGE:
                return
            after = events[-1]["seq"]

    def close(self) -> None:
        """Give back the connections."""
        self._client.close()

    def _call(self, method: str, path: str, **more: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {_key(self._key_path)}"}
        try:
            return self._client.request(method, path, headers=headers, **more)
        except httpx.TransportError as error:
            raise RegisterUnavailable(f"{type(error).__name__}: {error}") from error


def _members(diff: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    fields = SegmentIdentity.__struct_fields__
    return ((name, pair) for name, pair in diff.items() if name in fields)


def _check(answer: httpx.Response) -> None:
    if not answer.is_success:
        raise RegisterUnavailable(f"it answered {answer.status_code} {_detail(answer)}")


def _detail(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return answer.reason_phrase


def _key(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError as error:
        raise RegisterUnavailable(f"{path}: expected a key, got {error.strerror}") from error
