"""Figures over connections, rows of a request (body size) and features of a model."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from load_tests.fraud_inputs import SCHEMA, SIGNATURE
from load_tests.model_rows import ModelRows
from load_tests.rounds import measure
from load_tests.sides import NAMED, Side

Tell = Callable[[str], None]

CONNECTIONS = (1, 8, 32, 128, 512)
ROWS = (1, 4, 16, 64, 256)
# Enough connections to keep the servers busy with large bodies, few enough not to queue.
ROW_CONNECTIONS = 16
# Bodies of 256 rows are 100 KB and more: a few of them are all a round gets to.
BODIES = 64
CONNECTION_SIDES = ("gateway", "bentoml", "bentoml_best", "mlserver_0", "envoy", "echo")
ROW_SIDES = ("gateway", "bentoml", "bentoml_best", "mlserver_0", "ray")


def over_connections(sides: dict[str, Side], seconds: float, tell: Tell) -> list[dict[str, Any]]:
    """Answers per second and latency at each number of connections."""
    found = []
    for connections in CONNECTIONS:
        for name in CONNECTION_SIDES:
            if name in sides:
                tell(f"connections {connections}: {name}")
                found.append(
                    _point(sides[name], connections, seconds, {"connections": connections})
                )
    return found


def over_rows(sides: dict[str, Side], seconds: float, tell: Tell) -> list[dict[str, Any]]:
    """The same over rows of one request; ``body_bytes`` is the size of its body."""
    found = []
    for rows in ROWS:
        made = ModelRows(SIGNATURE, SCHEMA, rows, BODIES)
        bodies = {NAMED: made.named()}
        for name in ROW_SIDES:
            if name not in sides:
                continue
            tell(f"rows {rows}: {name}")
            side = sides[name]
            new = bodies[NAMED] if side.body == NAMED else made.packed_tensor()
            point = _point(
                replace(side, requests=with_bodies(side.requests[0], new)),
                ROW_CONNECTIONS,
                seconds,
                {"rows": rows, "body_bytes": len(new[0])},
            )
            found.append({**point, "rows_per_second": round(point["per_second"] * rows, 1)})
    return found


def over_features(
    sides: dict[int, dict[str, Side]], seconds: float, connections: int, tell: Tell
) -> list[dict[str, Any]]:
    """The same over the width of the model's input: ``sides`` by features."""
    found = []
    for features, by_name in sorted(sides.items()):
        for name, side in by_name.items():
            tell(f"features {features}: {name}")
            found.append(_point(side, connections, seconds, {"features": features}))
    return found


def with_bodies(request: bytes, bodies: Sequence[bytes]) -> tuple[bytes, ...]:
    """The request with other bodies, its head otherwise unchanged."""
    head = request.partition(b"\r\n\r\n")[0]
    lines = [line for line in head.split(b"\r\n") if not line.startswith(b"content-length:")]
    return tuple(
        b"\r\n".join([*lines, b"content-length: %d" % len(body), b"", b""]) + body
        for body in bodies
    )


def _point(side: Side, connections: int, seconds: float, where: dict[str, int]) -> dict[str, Any]:
    result = measure(side, connections, seconds)
    answered = bool(result.latencies_ns)
    return {
        "side": side.name,
        **where,
        "per_second": round(result.per_second, 1),
        "p50_ms": round(result.percentile_ms(0.5), 3) if answered else None,
        "p99_ms": round(result.percentile_ms(0.99), 3) if answered else None,
        "shed": result.shed,
        "failed": result.failed,
        "failures": result.failures[:1],
    }
