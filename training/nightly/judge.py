"""Champion against challenger, and the other gates that are about answers."""

from pathlib import Path

from bentos.contract.errors import ContractError
from bentos.contract.manifest import OfflineMetrics
from bentos.onnx_model import OnnxModel
from training.fitted import Answers
from training.nightly.bootstrap import Improvement, Verdict, decide, paired
from training.nightly.outputs import Champion, Gate, Judged
from training.nightly.window import Window

CHUNK_ROWS = 4096


def judge(  # noqa: PLR0913 - what a judgement is made of
    window: Window,
    challenger: Path,
    champion: Champion,
    offline: OfflineMetrics,
    *,
    schema_digest: str,
    margin: float,
    min_rows: int,
    seed: int,
) -> Judged:
    """Every gate, passed or not. Without a champion the baseline alone decides."""
    gates = [_baseline(offline), _enough(window, min_rows)]
    if champion.version is None:
        gates.append(Gate(name="champion", passed=None, said="no version serves yet"))
        return Judged(champion=None, verdict=Verdict.BETTER, improvement=None, gates=tuple(gates))
    if champion.graph is None or champion.schema_digest != schema_digest:
        why = "its graph is not in this home" if champion.graph is None else "other features"
        said = f"{champion.version} could not be compared: {why}"
        gates.append(Gate(name="champion", passed=None, said=said))
        return _judged(champion, Verdict.UNDECIDED, None, gates)
    found = compare(window, Path(champion.graph), challenger, seed)
    verdict = decide(found, margin)
    gates.append(
        Gate(
            name="champion",
            passed={Verdict.BETTER: True, Verdict.WORSE: False}.get(verdict),
            said=said_of(window.figure_name, champion.version, found, verdict, margin),
        )
    )
    return _judged(champion, verdict, found, gates)


def compare(window: Window, champion: Path, challenger: Path, seed: int) -> Improvement:
    """Both graphs on the same rows."""
    return paired(
        window.figure(answers(champion, window)),
        window.figure(answers(challenger, window)),
        window.groups,
        higher_is_better=window.higher_is_better,
        seed=seed,
    )


def answers(graph: Path, window: Window) -> Answers:
    """What a graph says of every row of the window."""
    import numpy as np  # noqa: PLC0415

    model, rows = OnnxModel(graph), len(window.groups)
    parts = [
        model.run({name: array[start : start + CHUNK_ROWS] for name, array in window.feeds.items()})
        for start in range(0, rows, CHUNK_ROWS)
    ]
    if not parts:
        raise ContractError("rows to compare on", "at least one", 0)
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def said_of(name: str, champion: str, found: Improvement, verdict: Verdict, margin: float) -> str:
    """One line of it: figures, interval, margin, verdict."""
    return (
        f"{name} {found.challenger:.4f} against {found.champion:.4f} of {champion}: improvement "
        f"{found.middle:+.4f}, {found.level:.0%} interval {found.low:+.4f} to {found.high:+.4f} "
        f"({found.rows} rows in {found.groups} groups), margin {margin:+.1%}: {verdict.value}"
    )


def _judged(
    champion: Champion, verdict: Verdict, found: Improvement | None, gates: list[Gate]
) -> Judged:
    return Judged(champion=champion.version, verdict=verdict, improvement=found, gates=tuple(gates))


def _baseline(offline: OfflineMetrics) -> Gate:
    name = offline.primary
    return Gate(
        name="baseline",
        passed=offline.beats_baseline(),
        said=(
            f"{name} {offline.model[name]:.4f}, {offline.baseline[name]:.4f} of the baseline "
            f"({offline.baseline_name})"
        ),
    )


def _enough(window: Window, min_rows: int) -> Gate:
    rows, positives = len(window.groups), window.positives
    return Gate(
        name="minimum data",
        passed=rows >= min_rows and positives > 0,
        said=f"{rows} rows, {positives} labelled true, at least {min_rows} and 1 are needed",
    )
