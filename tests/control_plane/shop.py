"""A model of its own on a control plane that many tests share, with its people and versions."""

import hashlib
import itertools
from collections.abc import Callable
from typing import Any

import httpx

from tests.control_plane.plane import Plane

_numbers = itertools.count(1)


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def make_manifest(model: str, number: int = 1, **changes: Any) -> dict[str, Any]:
    """A small valid manifest, as JSON."""
    tag = f"{model}:20261122-{number:08x}"
    return {
        "version": tag,
        "model": model,
        "bento_digest": _sha(tag),
        "onnx_digest": _sha(f"onnx {tag}"),
        "signature": {
            "model": model,
            "inputs": [{"name": "amount", "datatype": "FP32", "redaction": "public"}],
            "outputs": [{"name": "score", "datatype": "FP32", "minimum": 0, "maximum": 1}],
        },
        "features": {
            "model": model,
            "features": [{"name": "amount", "source": "input:amount", "default": 0.0}],
        },
        "dataset": {"digest": _sha("data"), "parts": {}, "source": "test", "rows": 10},
        "consent_basis": "none needed",
        "code_commit": "0" * 40,
        "lock_digest": _sha("lock"),
        "seed": 1,
        "cpu_kernels": {"blas": "x", "ort": "y"},
        "offline": {
            "protocol": "time split",
            "primary": "auc",
            "higher_is_better": True,
            "model": {"auc": 0.9},
            "baseline_name": "prior",
            "baseline": {"auc": 0.5},
        },
        "parity": {
            "rows": 10,
            "edge_rows": 2,
            "max_abs_error": 0.0,
            "mismatches": 0,
            "tolerance": "1e-5",
            "passed": True,
        },
        "budgets": {"onnx_bytes": 1000.0, "p50_us": 10.0},
        **changes,
    }


class Shop:
    """One model of its own on a shared plane, with the people who look after it."""

    def __init__(self, plane: Plane) -> None:
        self.plane = plane
        self.model = f"m{next(_numbers)}"
        self.author = plane.person("release_manager")
        self.approver = plane.person("approver")
        self.trainer = plane.holder("trainer")
        self.fleet = plane.holder("fleet")
        self._ready: dict[str, dict[str, Any]] = {}

    def move_to(self, plane: Plane) -> None:
        """The same people and keys, at another replica."""
        self.plane = plane
        for name in ("author", "approver", "trainer", "fleet"):
            key = getattr(self, name).headers["Authorization"].removeprefix("Bearer ")
            setattr(self, name, plane.client(key))

    def register(self, number: int, **changes: Any) -> str:
        manifest = make_manifest(self.model, number, **changes)
        answer = self.trainer.post("/api/v1/versions", json=manifest)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["version"])

    def report(self, version: str, ready: bool = True) -> None:
        address = [f"unix:/run/{version}"] if ready else []
        self._ready[version] = {"addresses": address, "ready": ready, "restarts": 0, "pids": [1]}
        body = {"fleet": f"fleet-{self.model}", "versions": self._ready}
        assert self.fleet.post("/fleet/v1/report", json=body).status_code == 204

    def draft(self, candidate: str, **more: Any) -> dict[str, Any]:
        body = {"model": self.model, "candidate": candidate, "reason": "test", **more}
        answer = self.author.post("/api/v1/releases", json=body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def tell(
        self, release: dict[str, Any], verb: str, who: httpx.Client | None = None, **more: Any
    ) -> httpx.Response:
        body = {"reason": "test", **more}
        if verb in ("approve", "open_gate"):
            body.setdefault("expected_revision", release["revision"])
        return (who or self.author).post(f"/api/v1/releases/{release['id']}/{verb}", json=body)

    def edit(self, release: dict[str, Any], **changes: Any) -> httpx.Response:
        """Change a release as it was read."""
        headers = {"If-Match": f'"{release["revision"]}"'}
        url = f"/api/v1/releases/{release['id']}"
        return self.author.patch(url, json=changes, headers=headers)

    def must(self, release: dict[str, Any], *verbs: str, **more: Any) -> dict[str, Any]:
        for verb in verbs:
            who = self.approver if verb in ("approve", "refuse") else self.author
            answer = self.tell(release, verb, who, **more)
            assert answer.status_code == 200, answer.text
            release = answer.json()
        return release

    def bootstrap(self, number: int = 1) -> str:
        version = self.register(number)
        self.report(version)
        release = self.draft(version, kind="bootstrap")
        self.must(release, "submit", "approve", "start")
        self.routed(lambda feature: feature["defaultValue"]["serve"] == version)
        return version

    def started(self, number: int = 2, **more: Any) -> dict[str, Any]:
        version = self.register(number)
        self.report(version)
        return self.must(self.draft(version, **more), "submit", "approve", "start")

    def feature(self) -> dict[str, Any] | None:
        return self.plane.document("routes")["features"].get(f"model.{self.model}")

    def routed(self, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait until the published feature is as wanted."""

        def check() -> dict[str, Any] | None:
            feature = self.feature()
            return feature if feature is not None and condition(feature) else None

        return self.plane.wait(check, "the route")

    def model_state(self) -> dict[str, Any]:
        models = self.author.get("/api/v1/models?limit=1000").json()
        return next(each for each in models if each["model"] == self.model)
