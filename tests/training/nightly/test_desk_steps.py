"""A shop asks to be erased while a night is at work: what it still tells the control plane."""

import msgspec
import pytest

from bentos import redaction_files
from bentos.contract.errors import ContractError
from tests.redaction_request import redaction_request
from tests.training.nightly.made_up import night as made_up_night
from training.lines import Lines
from training.nightly import runner, view_steps
from training.nightly.bootstrap import Verdict
from training.nightly.outputs import Built, Card, Champion, Checked, Judged, Registered, Views

# Of BentoML, when it is loaded.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

VERSION = "fraud:20261126-1a2b3c4d"
WAITS = "redaction r-17, which waits"
LINES = Lines(
    path="lines.parquet",
    source="orders.csv",
    source_digest="0" * 64,
    mapping="shopify",
    timezone="UTC",
    shop="demo-shop",
    consent_basis="contract: test",
    pseudonym_key_id="k",
    assumptions=(),
    report={},
    own_data=True,
)
CHAMPION = Champion(version=None, onnx_digest=None, schema_digest=None, graph=None)
JUDGED = Judged(champion=None, verdict=Verdict.BETTER, improvement=None, gates=())
CARD = Card(folder="", files={}, digest="0" * 64)
VIEWS = Views(moment="2026-11-26T00:00:00.000000", values={}, definitions={})


class Desk:
    """A control plane that takes everything, and remembers the paths."""

    def __init__(self):
        self.told = []

    def get(self, path, **query):
        return [{"model": "fraud", "stable": None, "release": None}]

    def post(self, path, body, key):
        self.told.append(path)
        return {"id": "r1", "model": "fraud", "version": VERSION, "state": "registered"}


@pytest.fixture
def night(tmp_path):
    made = made_up_night(tmp_path)
    made.desk = Desk()
    return made


def checked(own_data=True):
    lines = msgspec.structs.replace(LINES, own_data=own_data)
    return Checked(lines=lines, lines_digest="0" * 64, checks=(), first="", last="")


def ask(night, **changes):
    """The wish of a shop to go whole, of a person where that is said."""
    wish = {"kind": "shop", "subjects": (), **changes}
    redaction_files.write_request(night.settings.home, redaction_request(**wish))


def built(night, version=VERSION):
    manifest = night.settings.home / "manifest.json"
    manifest.write_text("{}")
    return Built(
        version=version,
        manifest_path=str(manifest),
        manifest_digest="0" * 64,
        bento_digest="0" * 64,
        state="registered",
        rejection=None,
    )


def register(night, lines):
    from training.nightly import desk_steps  # noqa: PLC0415 - BentoML warns as it is imported

    return desk_steps.register(night, "fraud", lines, built(night), CARD)


def draft(night, lines):
    from training.nightly import desk_steps  # noqa: PLC0415

    registered = Registered(version=VERSION, state="registered")
    return desk_steps.draft(night, "fraud", lines, registered, JUDGED, CHAMPION)


def planned(night):
    """Up to the draft; nothing is made of orders."""
    from training.nightly.plan import plan  # noqa: PLC0415
    from training.nightly.settings import NightlySettings  # noqa: PLC0415

    made = {
        "check": checked(),
        "package fraud": built(night),
        "card fraud": CARD,
        "evaluate fraud": JUDGED,
        "champion fraud": CHAMPION,
    }
    for step in plan(night.settings, NightlySettings(), ("fraud",), desk=True):
        if step.name in made:
            changes = {"run": lambda *_, output=made[step.name]: output, "needs": ()}
            yield msgspec.structs.replace(step, **changes)
        elif step.name in ("register fraud", "draft fraud"):
            yield step


STEPS = {
    "register": register,
    "draft": draft,
    "views": view_steps.compute,
    "online": lambda night, lines: view_steps.publish(night, lines, VIEWS),
}


@pytest.mark.parametrize(("last", "told"), [("package", 0), ("register", 1)])
def test_a_night_hears_of_a_request_that_came_after_its_last_step(night, last, told):
    """Steps of the plan as they are, but for those that make something: the last of them is over
    when the shop asks."""

    def asked_after(step):
        def run(*given):
            made = step.run(*given)
            ask(night)
            return made

        return msgspec.structs.replace(step, run=run) if step.name == f"{last} fraud" else step

    runner.run(tuple(map(asked_after, planned(night))), night)
    outcomes = {step.step: step.outcome.value for step in night.record.steps}
    assert outcomes[f"{last} fraud"] == "done"
    assert night.desk.told == ["/api/v1/versions", "/api/v1/releases"][:told]
    (failed,) = (name for name, outcome in outcomes.items() if outcome == "failed")
    assert failed == {"package": "register fraud", "register": "draft fraud"}[last]
    assert WAITS in night.record.step(failed).error


@pytest.mark.parametrize("step", STEPS)
def test_a_shop_that_is_to_go_whole_since_packaging_goes_no_step_further(night, step):
    ask(night)
    with pytest.raises(ContractError, match=WAITS):
        STEPS[step](night, checked())
    assert night.desk.told == []
    assert not night.settings.lake.exists()


def test_a_request_nobody_can_read_may_be_the_shop_s(night):
    ask(night)
    redaction_files.request_path(night.settings.home, "r-17").write_text("{")
    with pytest.raises(ContractError, match="r-17"):
        register(night, checked())
    assert night.desk.told == []


@pytest.mark.parametrize(
    ("changes", "own_data"),
    [
        ({"shop": "another"}, True),
        # A version of a person's orders is named by their redaction, and goes on.
        ({"kind": "customer", "subjects": ("A" * 26,)}, True),
        # Public orders are no shop's.
        ({}, False),
    ],
)
def test_another_wish_keeps_no_version_from_the_registry(night, changes, own_data):
    ask(night, **changes)
    assert register(night, checked(own_data)).version == VERSION
    assert draft(night, checked(own_data)).action == "created"
    assert night.desk.told == ["/api/v1/versions", "/api/v1/releases"]
