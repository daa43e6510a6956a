"""The control plane, asked for consents with the trainer's key, and told of this machine's own."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec

from bentos.contract.training_consent import OUT_OF_TRAINING, ConsentRef, Purpose, Use
from training.consent_file import OwnConsent, OwnExclusion
from training.consent_source import Answer
from training.errors import ConsentError
from training.register import RegisterError, read_key

TIMEOUT_S = 10.0
PAGE = 1000
SERVER_ERRORS = 500


class UnreachableError(RuntimeError):
    """It does not answer, or not as itself."""


def ask_control_plane(url: str, key_file: Path, shop: str) -> Answer:
    """Consents in force and customers left out, at this moment.

    Raises UnreachableError when it does not answer, ConsentError when it refuses.
    """
    with _client(url, read_key(key_file)) as client:
        consents, key_ids, at = {}, set(), ""
        for purpose in Purpose:
            asked = {"purpose": purpose.value, "use": Use.TRAIN.value, "shop": shop}
            told = _get(client, "/api/v1/consents/basis", asked).json()
            at = at or told["at"]
            key_ids.add(told["pseudonym_key_id"])
            if told["consent"] is not None:
                consents[purpose.value] = msgspec.convert(told["consent"], ConsentRef)
        out = [e for e in _pages(client, shop) if e["kind"] in OUT_OF_TRAINING]
        key_ids |= {each["key_id"] for each in out}
    return Answer(
        shop=shop,
        consents=consents,
        left_out=tuple(sorted({each["subject"] for each in out})),
        key_ids=tuple(sorted(each for each in key_ids if each is not None)),
        asked_at=at,
        asked_of=f"the control plane at {url}",
    )


def tell_control_plane(
    url: str, key: str, consents: tuple[OwnConsent, ...], exclusions: tuple[OwnExclusion, ...]
) -> int:
    """Record this machine's consents, under their ids, and whom it leaves out; how many consents.

    The key is one of a person who may give consents. Raises RegisterError when it is refused.
    """
    headers = {"authorization": f"Bearer {key}"}
    bodies: list[tuple[str, dict[str, Any]]] = [
        ("consents", msgspec.to_builtins(each)) for each in consents
    ]
    for _, body in bodies:
        body.pop("withdrawn_at")
    bodies += [
        (
            "exclusions",
            {
                "kind": each.kind.value,
                "subjects": [each.subject],
                "shop": each.shop,
                "reason": f"entered on a machine of its own, key {each.key_id}",
            },
        )
        for each in exclusions
    ]
    with httpx.Client(base_url=url, headers=headers, timeout=TIMEOUT_S) as client:
        for subject, body in bodies:
            try:
                answer = client.post(f"/api/v1/{subject}", json=body)
            except httpx.HTTPError as error:
                raise RegisterError(f"{url}: {error}") from error
            if not answer.is_success:
                raise RegisterError(f"{url}: {answer.status_code} {answer.text[:2000]}")
    return len(consents)


def _client(url: str, key: str) -> httpx.Client:
    headers = {"authorization": f"Bearer {key}"}
    return httpx.Client(base_url=url, headers=headers, timeout=TIMEOUT_S)


def _get(client: httpx.Client, path: str, asked: dict[str, Any] | None) -> httpx.Response:
    try:
        answer = client.get(path, params=asked)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise UnreachableError(f"{type(error).__name__}: {error}") from error
    if answer.status_code >= SERVER_ERRORS:
        raise UnreachableError(f"it answered {answer.status_code}")
    if not answer.is_success:
        raise ConsentError("consent", "an answer to the trainer's key", answer.text[:500])
    return answer


def _pages(client: httpx.Client, shop: str) -> Iterator[dict[str, Any]]:
    path, asked = "/api/v1/exclusions", {"shop": shop, "limit": PAGE}
    while path:
        answer = _get(client, path, asked or None)
        yield from answer.json()
        path, asked = answer.links.get("next", {}).get("url", ""), {}
