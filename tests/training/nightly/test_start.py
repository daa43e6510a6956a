"""Whole nights on a made-up shop, with a control plane of their own."""

import csv
import json
import random
import sqlite3
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bentos import redaction_files
from bentos.contract.redaction import RedactionRecord
from tests.planted_data import PlantedData
from tests.redaction_request import redaction_request
from tests.training.made_up_shop import ROOT, made_up_orders, write_orders_export
from tests.training.nightly.installation import NEXT_NIGHT, Installation, steps, twin_of, with_plane
from training.lines import OrderSource
from training.nightly import record as records
from training.nightly.settings import NightlySettings
from training.pseudonyms import KEY_FILE, load_key
from training.settings import Settings

MODEL, SHOPPER = "fraud", "shopper7@example.com"
NIGHTS = [f"2024-09-{day}T02:30:00Z" for day in range(20, 30)]


@pytest.fixture
def install(tmp_path):
    opened = []

    def begin(name, orders, *models):
        opened.append(with_plane(tmp_path / name, orders, models or (MODEL,)))
        return opened[-1]

    yield begin
    for each in opened:
        each.plane.close()


def said(record, step):
    """What a step of the one model gave."""
    return steps(record)[f"{step} {MODEL}"]["output"]


def digests(record):
    return {step["step"]: step["output_digest"] for step in record["steps"]}


def ask_to_erase(home):
    """A shopper of the made-up shop asks to be forgotten; their pseudonym."""
    name = load_key(home / "keys" / KEY_FILE).pseudonym("demo-shop", "customer", SHOPPER)
    request = redaction_request(requested_at="2024-09-20T10:00:00Z", subjects=(name,))
    redaction_files.write_request(home, request)
    return name


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_killed_in_every_step_it_ends_as_if_nothing_had_been(install, orders_export):
    # The night before, all of which the erasure, the first step, is to go through.
    disturbed = install("disturbed", orders_export)
    before = said(disturbed.night(), "package")["version"]
    # Keys and consents are the same; lines of other pseudonyms would be other bytes.
    other = twin_of(disturbed, disturbed.home.with_name("undisturbed"))
    subject = ask_to_erase(disturbed.home)
    assert subject == ask_to_erase(other.home)
    planted = PlantedData([subject])
    assert planted.found_below(disturbed.home / "lake")
    try:
        undisturbed = other.night(now=NEXT_NIGHT)
    finally:
        other.plane.close()
    assert {step["outcome"] for step in undisturbed["steps"]} <= {"done", "cached"}
    first, *rest = undisturbed["steps"]
    assert (first["step"], first["output"]["honoured"]) == ("redact", ["r-17"])
    chance = random.Random(3)
    tried = [("redact", first["seconds"] * share) for share in (0.1, 0.3, 0.5, 0.7, 0.9)]
    tried += [(step["step"], chance.random() * step["seconds"] * 0.8) for step in rest]
    killed = [step for step, at in tried if disturbed.killed_in(step, at, now=NEXT_NIGHT)]
    record = disturbed.night(now=NEXT_NIGHT)
    # A step of some milliseconds, or whose result was there, may be over before it is seen.
    quick = sum(step["outcome"] == "cached" for step in rest)
    assert killed[:5] == ["redact"] * 5
    assert len(killed) >= len(tried) - 3 - quick
    # The last step may have ended before it was killed: then this is another night.
    (_, broken_off, *_) = sorted((disturbed.home / "lake/runs/nightly").glob("[0-9]*.json"))
    assert json.loads(broken_off.read_text())["resumed"] >= len(killed) - 1
    assert digests(record) == digests(undisturbed)
    assert planted.found_below(disturbed.home / "lake") == []
    assert erased_of(disturbed) == erased_of(other)
    version = said(undisturbed, "package")["version"]
    assert version != before
    versions = disturbed.plane.admin.get("/api/v1/versions").json()
    releases = disturbed.plane.admin.get("/api/v1/releases").json()
    assert {v["version"] for v in versions} == {before, version}
    assert [r["candidate"] for r in releases] == [version]
    assert sorted(mlflow_runs(disturbed)) == sorted([before, version])


def erased_of(installation):
    """What an erasure came to, whenever it was and however often it was begun."""
    record = redaction_files.record_of(installation.home / "lake", "r-17")
    return record.subjects_sha256, record.snapshots, record.features, record.versions


def mlflow_runs(installation):
    database = sqlite3.connect(installation.home / "mlflow" / "mlflow.db")
    query = "SELECT name FROM runs WHERE lifecycle_stage = 'active'"
    return [row[0] for row in database.execute(query)]


def promote(plane, release):
    """What persons do with a first draft, up to the end."""
    address = f"unix:/run/{release['candidate']}"
    ready = {"addresses": [address], "ready": True, "restarts": 0, "pids": [1]}
    body = {"fleet": "fleet-1", "versions": {release["candidate"]: ready}}
    assert plane.holder("fleet").post("/fleet/v1/report", json=body).status_code == 204
    manager, approver = plane.person("release_manager"), plane.person("approver")
    for verb, who in (("submit", manager), ("approve", approver), ("start", manager)):
        path = f"/api/v1/releases/{release['id']}"
        order = {"reason": "test"}
        if verb == "approve":
            order["expected_revision"] = who.get(path).json()["revision"]
        answer = who.post(f"{path}/{verb}", json=order)
        assert answer.status_code == 200, answer.text
    return answer.json()


def grown(folder, weeks):
    """The made-up shop with so many weeks of orders behind it."""
    return write_orders_export(folder / f"orders-{weeks}.csv", made_up_orders(weeks=weeks))


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_a_draft_a_champion_a_challenger_and_a_persons_hand(install, tmp_path):
    home = install("home", grown(tmp_path, 34))
    plane, releases = home.plane, "/api/v1/releases"
    champion = promote(plane, drafted_twice(home, tmp_path))
    assert champion["state"] == "promoted"

    # The same orders: the same version, which serves already.
    third = home.night(now=NIGHTS[2])
    assert said(third, "champion")["version"] == champion["candidate"]
    assert said(third, "draft") == {
        "action": "none",
        "release": None,
        "why": f"{champion['candidate']} serves already",
    }
    assert said(third, "aliases") == {"champion": champion["candidate"], "challenger": None}

    # More orders, and a margin that lets through what is hardly worse: compared, and drafted.
    home.orders = grown(tmp_path, 36)
    lenient = {"SIGNALBOX_NIGHTLY_MARGIN": "-0.5"}
    fourth = home.night(now=NIGHTS[3], **lenient)
    draft = plane.admin.get(releases).json()[0]
    check_challenger(fourth, champion, draft)

    # A margin it cannot clear: registered for those who want it, drafted for nobody.
    strict = home.night("--fresh", now=NIGHTS[4], SIGNALBOX_NIGHTLY_MARGIN="0.5")
    assert said(strict, "draft")["action"] == "none"
    assert "undecided" in said(strict, "draft")["why"]

    # A person took the draft on: it is theirs, and the night leaves it alone.
    manager = plane.person("release_manager")
    answer = manager.post(f"{releases}/{draft['id']}/submit", json={"reason": "looks good"})
    assert answer.status_code == 200
    home.orders = grown(tmp_path, 37)
    fifth = home.night(now=NIGHTS[9], **lenient)
    assert said(fifth, "draft")["action"] == "none"
    assert "in_review; it is a person's" in said(fifth, "draft")["why"]
    assert plane.admin.get(f"{releases}/{draft['id']}").json()["candidate"] == draft["candidate"]


def drafted_twice(home, folder):
    """Nobody looks at the first night's draft: the next takes its place, and there is one still."""
    first = home.night(now=NIGHTS[0])
    assert said(first, "draft")["action"] == "created"
    bootstrap = home.plane.admin.get("/api/v1/releases").json()[0]
    assert (bootstrap["kind"], bootstrap["author"]) == ("bootstrap", "trainer")

    home.orders = grown(folder, 35)
    second = home.night(now=NIGHTS[1])
    assert said(second, "draft")["action"] == "superseded"
    (bootstrap,) = home.plane.admin.get("/api/v1/releases").json()
    assert bootstrap["candidate"] == said(second, "package")["version"]
    assert bootstrap["ticket"] == f"nightly:{second['id']}"
    return bootstrap


def check_challenger(night, champion, draft):
    judged = said(night, "evaluate")
    assert judged["champion"] == champion["candidate"]
    assert judged["improvement"]["low"] <= judged["improvement"]["high"]
    assert said(night, "draft")["action"] == "created"
    assert (draft["kind"], draft["state"]) == ("standard", "draft")
    assert said(night, "aliases") == {
        "champion": champion["candidate"],
        "challenger": draft["candidate"],
    }
    card = json.loads((Path(said(night, "card")["folder"]) / "card.json").read_text())
    assert card["champion"] == champion["candidate"]


def altered(folder, name, change):
    """The shop's orders with ``change`` done to the last forty lines."""
    rows = made_up_orders()
    return write_orders_export(
        folder / f"{name}.csv", [*rows[:-40], *(change(row) for row in rows[-40:])]
    )


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_bad_data_stops_the_night_and_what_serves_goes_on_serving(install, tmp_path):
    home = install("home", grown(tmp_path, 36))
    home.night(now=NIGHTS[0])
    (release,) = home.plane.admin.get("/api/v1/releases").json()
    stable = promote(home.plane, release)["candidate"]

    bad = {
        "negative": lambda row: row | {"Lineitem price": "-1.00"},
        "mixed": lambda row: row | ({"Currency": "USD"} if "Currency" in row else {}),
        "future": lambda row: (
            row | ({"Created at": "2024-12-24 10:00:00 +0000"} if "Created at" in row else {})
        ),
    }
    for name, change in bad.items():
        home.orders = altered(tmp_path, name, change)
        record = home.night("--fresh", now=NIGHTS[1], code=3)
        stopped = [step for step in record["steps"] if step["outcome"] == "stopped"]
        assert len(stopped) == 1, name
        assert stopped[0]["findings"][0]["rows"], name
        assert steps(record)[f"register {MODEL}"]["outcome"] == "skipped"

    # Another header: the column is gone.
    path = grown(tmp_path, 36)
    with path.open(encoding="utf-8", newline="") as file:
        table = list(csv.reader(file))
    place = table[0].index("Lineitem price")
    home.orders = tmp_path / "gone.csv"
    with home.orders.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([row[:place] + row[place + 1 :] for row in table])
    record = home.night("--fresh", "--mapping", "shopify_orders_export", now=NIGHTS[1], code=3)
    assert "Lineitem price" in json.dumps(record)

    models = home.plane.admin.get("/api/v1/models").json()
    assert [model["stable"] for model in models] == [stable]
    assert len(home.plane.admin.get("/api/v1/versions").json()) == 1


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_a_control_plane_that_is_away_costs_tries_and_then_the_step(
    orders_export, tmp_path, install
):
    home = install("home", orders_export)
    home.plane.stop()
    record = home.night(code=1)
    assert (steps(record)["sync"]["outcome"], steps(record)["sync"]["attempts"]) == ("failed", 6)
    assert steps(record)[f"champion {MODEL}"]["outcome"] == "failed"
    assert steps(record)[f"package {MODEL}"]["outcome"] == "skipped"


def test_a_dry_run_says_what_it_would_do_and_does_nothing(orders_export, tmp_path):
    home = Installation(tmp_path / "home", orders_export)
    found = home.night("--dry-run", now=NEXT_NIGHT)
    assert found["resumes"] is None
    would = {step["step"]: step["would"] for step in found["steps"]}
    assert would["sync"] == "ask"
    assert would[f"fit {MODEL}"] == "run"
    assert not home.home.exists()


def test_bad_options_are_named(orders_export, tmp_path):
    home = Installation(tmp_path / "home", orders_export)
    for more, complaint in ((["--now", "tonight"], "--now"), (["--model", "fruad"], "--model")):
        done = subprocess.run(
            home.command(*more),
            cwd=ROOT,
            env=home.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 2
        assert complaint in done.stderr
    assert not home.home.exists()


class Told:
    """A control plane that hears of nights."""

    def __init__(self):
        self.nights = []

    def post(self, path, body, key):
        self.nights.append(body)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_night_is_saved_and_told_whatever_could_not_be_let_go(tmp_path, monkeypatch):
    from training.nightly import start  # noqa: PLC0415 - BentoML warns as it is imported

    monkeypatch.setattr(start, "plan", lambda *_, **__: ())
    settings, desk = Settings(home=tmp_path), Told()
    (settings.lake / "snapshots").mkdir(parents=True)
    (settings.lake / "orders" / "witness").mkdir(parents=True)
    redaction_files.write_record(
        settings.lake, RedactionRecord(id="r-1", at="2026-11-22T00:00:00Z")
    )
    read, reads = redaction_files.read_record, []
    monkeypatch.setattr(
        redaction_files, "read_record", lambda path: reads.append(path) or read(path)
    )
    damaged = settings.lake / "versions" / "fraud-1" / "manifest.json"
    damaged.parent.mkdir(parents=True)
    damaged.write_bytes(b"{")
    ask = start.Ask(source=OrderSource(), models=(), now=datetime.now(UTC))
    record = start.run_night(settings, NightlySettings(), ask, desk, lambda _: None)
    assert list(record.stuck) == ["versions/fraud-1/manifest.json"]
    assert records.newest(settings.lake) == record
    assert record.ended_at is not None
    assert record.peak_rss_mb > 0
    ((problem,),) = (night["problems"] for night in desk.nights)
    assert problem["column"] == "versions/fraud-1/manifest.json"
    assert damaged.is_file()
    assert len(reads) == 1
