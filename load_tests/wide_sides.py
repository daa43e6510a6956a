"""The gateway and stock bentos around models of other widths, for the sweep over features."""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

from load_tests.bench_versions import STABLE, WIDE, build_versions
from load_tests.documents import ServedModel
from load_tests.http_connection import Target, render_request
from load_tests.lineup import check_answers
from load_tests.model_rows import ModelRows
from load_tests.our_sides import start_gateway
from load_tests.peer_sides import PeerSides, target_of
from load_tests.rig import HOST, Rig
from load_tests.sides import Side
from load_tests.wide_model import WIDTH_VARIABLE, WIDTHS, wide_schema, wide_signature

KEYS = 256


def start_wide(
    rig: Rig, peers: PeerSides | None, store: Path, say: Callable[[str], None]
) -> dict[int, dict[str, Side]]:
    """Start one gateway with a worker for each width, and a stock bento for each if ``peers``
    are there; width → name → side. Raises ServerDidNotStartError or WrongAnswerError."""
    graphs = rig.folder / "graphs"
    graphs.mkdir()
    say("building models of other widths")
    digests = build_versions(WIDE, graphs, store)
    models, pids = [], []
    for width in WIDTHS:
        tag = f"wide{width}:{STABLE}"
        path = rig.folder / f"wide{width}.sock"
        command = [sys.executable, "-m", "bentos.worker", tag, "--digest", digests[tag]]
        settings = {"BENTOML_HOME": str(store), WIDTH_VARIABLE: str(width)}
        pids.append(
            rig.serve(
                f"worker_wide{width}",
                [*command, "--uds", str(path)],
                ready=path,
                environment=settings,
            )
        )
        models.append(ServedModel(wide_signature(width), wide_schema(width), {tag: f"unix:{path}"}))
    gateway = start_gateway(rig, "gateway_wide", models, {})
    key = {"authorization": f"Bearer {gateway.key}"}
    sides: dict[int, dict[str, Side]] = {}
    for width, pid in zip(WIDTHS, pids, strict=True):
        rows = ModelRows(wide_signature(width), wide_schema(width), count=KEYS)
        path_ = f"/v1/models/wide{width}:predict"
        requests = tuple(render_request(path_, body, key) for body in rows.named())
        target = Target(HOST, gateway.port)
        sides[width] = {
            "gateway": Side("gateway", f"{width}", target, requests, (gateway.pid, pid))
        }
        if peers is not None:
            say(f"starting bentoml with {width} features")
            server = peers.stock("wide", f"wide{width}:{STABLE}", {WIDTH_VARIABLE: str(width)})
            direct = tuple(render_request("/predict", body) for body in rows.named())
            sides[width]["bentoml"] = Side(
                "bentoml", f"{width}", target_of(server), direct, server.pids
            )
        for side in sides[width].values():
            asyncio.run(check_answers(side, rows, graphs / f"wide{width}.onnx"))
    return sides
