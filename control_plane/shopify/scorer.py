"""Asks the gateway about orders: ``POST /v1/models/{model}:predict`` with the ingress's key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

OUTPUT = "fraud_probability"
TIMEOUT_S = 15.0


class ScoringError(Exception):
    """No score now; what happened, without the row."""


@dataclass(frozen=True, slots=True)
class Score:
    """``probabilities`` in the order of the rows; ``decision_id`` None where the gateway could
    not write it down."""

    probabilities: list[float]
    version: str
    decision_id: str | None


class Scorer:
    """Threads may share one."""

    def __init__(self, url: str, model: str, key_file: Path) -> None:
        self.model = model
        self._key_file = key_file
        self._client = httpx.Client(base_url=url, timeout=TIMEOUT_S, trust_env=False)

    def close(self) -> None:
        """Let the connections go."""
        self._client.close()

    def inputs(self) -> frozenset[str]:
        """What the model's signature asks for; raises ScoringError."""
        told = self._call("GET", f"/v2/models/{self.model}")
        try:
            return frozenset(str(each["name"]) for each in told["inputs"])
        except (KeyError, TypeError) as error:
            raise ScoringError("the gateway's answer names no inputs") from error

    def score(self, rows: Sequence[Mapping[str, float | str]], targeting_key: str) -> Score:
        """One decision about all rows; raises ScoringError."""
        body = {"instances": list(rows), "targeting_key": targeting_key}
        told = self._call("POST", f"/v1/models/{self.model}:predict", body)
        try:
            found = [float(each[OUTPUT]) for each in told["predictions"]]
            version, decision = str(told["model_version"]), told.get("decision_id")
        except (KeyError, TypeError, ValueError) as error:
            raise ScoringError(f"the gateway's answer has no {OUTPUT}") from error
        if len(found) != len(rows):
            raise ScoringError(f"the gateway answered {len(found)} of {len(rows)} rows")
        return Score(found, version, decision)

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        try:
            key = self._key_file.read_text(encoding="utf-8").strip()
            headers = {
                "Authorization": f"Bearer {key}",
                "X-Request-Timeout-Ms": str(int(TIMEOUT_S * 1000) - 1000),
            }
            answer = self._client.request(method, path, json=body, headers=headers)
        except OSError as error:
            raise ScoringError(f"{self._key_file.name}: {error.strerror}") from error
        except httpx.HTTPError as error:
            raise ScoringError(f"the gateway: {type(error).__name__}") from error
        if answer.status_code != 200:
            raise ScoringError(f"the gateway answered {answer.status_code}: {_detail(answer)}")
        told: dict[str, Any] = answer.json()
        return told


def _detail(answer: httpx.Response) -> str:
    try:
        return str(answer.json().get("detail", ""))[:200]
    except (ValueError, AttributeError):
        return ""
