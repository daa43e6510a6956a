"""The card holds what a reader needs, with the manifest's numbers, and nothing breaks out of it."""

import msgspec

from bentos.contract.manifest import Manifest
from training.nightly import card
from training.nightly.bootstrap import Verdict
from training.nightly.outputs import Checked, Exported, Gate, Judged, Split


def data_of(trained, **changes):
    manifest = msgspec.convert(trained.manifest(1) | changes, Manifest)
    checked = Checked(
        lines=None, lines_digest="d", checks=("clock skew",), first="2024-01-01", last="2024-09-01"
    )
    split = Split(rows={"train": 700, "test": 250}, border="2024-07-01", twins=3)
    judged = Judged(
        champion=None,
        verdict=Verdict.BETTER,
        improvement=None,
        gates=(Gate(name="baseline", passed=True, said="0.9 <b>against</b> 0.5"),),
    )
    exported = Exported(path="x", onnx_digest=manifest.onnx_digest, parity=manifest.parity)
    data = card.contents(manifest, checked, split, judged, exported)
    return manifest, data, card.page(data, {"figures": b"<?xml?><svg id='f'></svg>"}).decode()


def test_figures_window_consent_gates_limits_and_lineage_are_there(trained):
    manifest, data, page = data_of(trained)
    assert {gate["name"] for gate in data["gates"]} == {
        *("leakage", "baseline", "parity", "size", "latency")
    }
    assert all(gate["passed"] for gate in data["gates"])
    assert any("injected" in limit for limit in data["limits"])
    for text in (
        manifest.version,
        manifest.dataset.digest,
        manifest.lock_digest,
        manifest.bento_digest,
        "contract: test",
        "2024-07-01",
        "3 rows on both sides",
        f"{manifest.offline.model['average_precision']:.4f}",
        "<svg id='f'>",
    ):
        assert text in page
    assert "<?xml" not in page
    assert msgspec.json.decode(msgspec.json.encode(data)) == data


def test_what_comes_from_outside_is_text_on_the_page(trained):
    _, _, page = data_of(trained, consent_basis="<script>alert(1)</script>")
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "<b>against</b>" not in page


def test_a_gate_over_its_budget_is_shown_as_failed(trained):
    _, data, _ = data_of(trained, budgets={"onnx_bytes": 1e9, "p50_us": 1e6})
    failed = {gate["name"] for gate in data["gates"] if gate["passed"] is False}
    assert failed == {"size", "latency"}
