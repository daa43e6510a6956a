"""Who takes part in a run: the sides asked for, started, and checked against the graph itself."""

import asyncio
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from load_tests.http_connection import ask
from load_tests.model_rows import TOLERANCE, ModelRows, answer_values
from load_tests.our_sides import OurSides
from load_tests.peer_environments import ENVIRONMENTS, PeerAbsentError, make
from load_tests.peer_sides import PeerSides
from load_tests.servers import ServerDidNotStartError
from load_tests.sides import Side, Sides

Say = Callable[[str], None]

TABLE = (
    "gateway",
    "gateway_shadow",
    "gateway_bentoml",
    "bentoml",
    "bentoml_best",
    "mlserver_0",
    "mlserver_1",
    "mlserver_plain",
    "envoy",
    "triton",
    "ray",
    "worker",
    "echo",
)
APART = ("gateway_returning", "gateway_oip", "gateway_binary", "triton_binary")
EFFECTS = ("shadow_hung", "shadow_killed", "log_strict", "log_off")
# What each needs installed beside our own environment.
NEEDS = {
    "gateway_bentoml": ("bentoml",),
    "bentoml": ("bentoml",),
    "bentoml_best": ("bentoml_best",),
    "mlserver_0": ("mlserver",),
    "mlserver_1": ("mlserver",),
    "mlserver_plain": ("mlserver",),
    "envoy": ("envoy", "bentoml"),
    "triton": ("triton",),
    "triton_binary": ("triton",),
    "ray": ("ray",),
}
CHECKED = 64
REASON = 700


class WrongAnswerError(RuntimeError):
    """A side answers, but not what its graph does."""


@dataclass(frozen=True)
class Starters:
    """How each side is started. Sides of one processes' set come from one call."""

    ours: OurSides
    peers: PeerSides
    versions: Sequence[str]

    def start(self, name: str) -> Side:
        """Start one side; raises ServerDidNotStartError or PeerAbsentError."""
        stable, canary, _ = self.versions
        ours, peers = self.ours, self.peers
        ways: dict[str, Callable[[], Side]] = {
            "gateway": ours.alone,
            "gateway_returning": ours.alone_with_returning_keys,
            "gateway_oip": ours.alone_by_tensors,
            "gateway_binary": ours.alone_by_binary_tensors,
            "gateway_shadow": lambda: ours.with_shadow(
                "gateway_shadow", "gateway with 100 % shadow"
            ),
            "shadow_hung": lambda: ours.with_shadow("shadow_hung", "shadow hung", answering=False),
            "shadow_killed": lambda: ours.with_shadow(
                "shadow_killed", "shadow killed", answering=False
            ),
            "log_strict": ours.strict,
            "log_off": ours.without_log,
            "gateway_bentoml": lambda: ours.before(
                peers.stock("gateway", stable), peers.stock("gateway", canary)
            ),
            "worker": ours.worker,
            "echo": ours.echo,
            "bentoml": lambda: peers.bentoml(stable),
            "bentoml_best": peers.bentoml_best,
            "mlserver_0": lambda: peers.mlserver("mlserver_0", 0),
            "mlserver_1": lambda: peers.mlserver("mlserver_1", 1),
            "mlserver_plain": lambda: peers.mlserver("mlserver_plain", 0, batching=False),
            "envoy": lambda: peers.envoy(stable, canary),
            "triton": peers.triton,
            "triton_binary": peers.triton_binary,
            "ray": peers.ray,
        }
        return ways[name]()


def start_all(
    names: Iterable[str], starters: Starters, rows: ModelRows, onnx: Path, say: Say
) -> Sides:
    """Start and check the sides, one after another.

    Raises ServerDidNotStartError or WrongAnswerError for one of ours; a peer is absent then.
    """
    sides = Sides()
    for name in names:
        say(f"starting {name}")
        try:
            for environment in NEEDS.get(name, ()):
                make(ENVIRONMENTS[environment], say)
            side = starters.start(name)
            if name != "echo":
                asyncio.run(check_answers(side, rows, onnx))
        except (PeerAbsentError, ServerDidNotStartError, WrongAnswerError) as error:
            if name not in NEEDS:
                raise
            sides.absent[name] = str(error)[-REASON:]
            say(f"{name} is absent: {sides.absent[name]}")
            continue
        sides.running[name] = side
    return sides


async def check_answers(side: Side, rows: ModelRows, onnx: Path) -> None:
    """Ask the first rows, all at once, and compare with onnxruntime's own answers.

    At once, so that rows mixed up in a batch show. Raises WrongAnswerError.
    """
    asked = min(CHECKED, rows.count)
    answers = await asyncio.gather(
        *(ask(side.target, request) for request in side.requests[:asked]), return_exceptions=True
    )
    for number, answer in enumerate(answers):
        expected = rows.expected(onnx, number)
        if isinstance(answer, BaseException):
            raise WrongAnswerError(f"{side.name}: row {number}: {answer!r}") from answer
        try:
            got = answer_values(answer)
        except (ValueError, KeyError) as error:
            raise WrongAnswerError(f"{side.name}: row {number}: {error}") from error
        if len(got) != len(expected) or not all(
            math.isclose(a, b, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
            for a, b in zip(got, expected, strict=True)
        ):
            raise WrongAnswerError(f"{side.name}: row {number}: expected {expected}, got {got}")
