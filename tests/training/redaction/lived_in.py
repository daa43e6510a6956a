"""A home in which training has kept something of a shopper everywhere it can."""

import pickle
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from bentos import redaction_files
from bentos.contract.redaction import RedactionRequest
from bentos.contract.training_consent import ExclusionKind
from tests.golden.records import MANIFEST
from tests.planted_data import PlantedData
from tests.training.consents import give_consents
from tests.training.fake_shop import FakeShop
from tests.training.made_up_shop import made_up_orders, write_orders_export
from training import atomic, consent_file, consent_seal, consent_source
from training.lake import save_record
from training.lines import OrderSource, prepare_lines
from training.materialize import materialize
from training.nightly import record as records
from training.nightly.finding import Finding
from training.nightly.record import Outcome, RunRecord, StepRecord
from training.pseudonyms import KEY_FILE, load_key
from training.recipes import RECIPES, Request
from training.run import make_snapshot, read_manifest
from training.settings import Settings
from training.shop.staging import Progress, Staging
from training.shop.sync import STAGING, Sync
from training.shop.tables import ShopLake

FIRST_ORDER, OTHERS_ORDER = 450_789_001, 450_789_901
SUBJECT, OTHER = 7_001, 8_001
SUBJECT_MAIL, OTHER_MAIL = "shopper7@example.com", "shopper8@example.com"


class LivedIn:
    """``plant`` fills a home; whoever has a copy of it looks and erases there."""

    def __init__(self, home: Path, shop: FakeShop | None = None) -> None:
        self.settings = Settings(home=home)
        self.lake = self.settings.lake
        self.shop = shop or FakeShop()

    def plant(self, orders: Path) -> None:
        """Everything a shop's nights leave, with the subject in it."""
        give_consents(self.settings.home)
        for number in (1, 2):
            self.shop.product(number)
        for number, customer in ((FIRST_ORDER, SUBJECT), (OTHERS_ORDER, OTHER)):
            self.shop.customer(customer)
            self.shop.order(number, [(1, 2), (2, 1)], customer=customer, days=3)
            self.shop.refund(number, order=number, line=number * 100, days=1)
        self.sync()
        prepare_lines(self.settings, OrderSource(shop=True))
        rows = made_up_orders()
        for row in rows:
            row["Name"] = row["Name"].replace("#", "ORDER-")
        self._train(write_orders_export(orders, rows))
        self._exclude()
        self._stage()
        self._stop_a_night()

    def sync(self):
        """What the shop has, into the lake."""
        Sync(
            admin=self.shop,
            clock=self.shop.clock,
            lake=ShopLake.of(self.settings),
            shop=self.settings.shop,
            key=load_key(self.settings.keys / KEY_FILE),
            told=lambda *_: None,
        ).run(full=False)

    def pseudonym(self, name):
        """Of a customer's number or mail address."""
        key = load_key(self.settings.keys / KEY_FILE)
        return key.pseudonym(self.settings.shop, "customer", str(name))

    def request(self, **changes) -> RedactionRequest:
        """As the control plane writes it."""
        told = {
            "id": "r-17",
            "kind": "customer",
            "reason": "customers/redact",
            "requested_at": "2026-11-20T10:00:00Z",
            "due_at": "2026-12-20T10:00:00Z",
            "shop": self.settings.shop,
            "subjects": [self.pseudonym(SUBJECT), self.pseudonym(SUBJECT_MAIL)],
            "order_numbers": [str(FIRST_ORDER)],
        }
        request = msgspec.convert(told | changes, RedactionRequest)
        redaction_files.write_request(self.settings.home, request)
        return request

    def found(self, *names, texts=()) -> set[str]:
        """First three parts of the places in which a shopper's names are found."""
        planted = PlantedData([*map(self.pseudonym, names), *texts])
        places = {each.place.partition("!")[0] for each in planted.found_below(self.settings.home)}
        return {"/".join(place.split("/")[:3]) for place in places if "requests" not in place}

    def snapshots(self) -> set[str]:
        """Digests of the datasets that are there."""
        return {path.name for path in (self.lake / "snapshots").iterdir()}

    def versions(self) -> set[str]:
        """Tags of the versions that were made."""
        found = self.lake.glob("versions/*/manifest.json")
        return {read_manifest(path).version for path in found}

    def _train(self, orders: Path) -> None:
        lines = prepare_lines(self.settings, OrderSource(orders=orders))
        for model in RECIPES:
            snapshot = make_snapshot(self.settings, lines, Request(model=model, seed=1))
            version = f"{model}:20261120-{snapshot.digest[:8]}"
            dataset = msgspec.structs.replace(MANIFEST.dataset, digest=snapshot.digest)
            manifest = msgspec.structs.replace(
                MANIFEST, version=version, model=model, dataset=dataset
            )
            place = self.lake / "versions" / version.replace(":", "-") / "manifest.json"
            atomic.write_bytes(place, msgspec.json.encode(manifest))
            made = f"{model}-{snapshot.digest[:16]}-1"
            held_out = pickle.dumps({"held_out": [1.0, 2.0]})
            atomic.write_bytes(self.lake / "fits" / made / "fitted.pickle", held_out)
            atomic.write_bytes(self.lake / "exports" / f"{made}.onnx", b"graph")
        materialize(self.settings, lines, load_key(self.settings.keys / KEY_FILE))

    def _exclude(self) -> None:
        key = load_key(self.settings.keys / KEY_FILE)
        names = [self.pseudonym(SUBJECT), self.pseudonym(OTHER)]
        for name in names:
            excluded = consent_file.OwnExclusion(
                shop=self.settings.shop,
                subject=name,
                kind=ExclusionKind.EXCLUDED,
                key_id=key.key_id,
            )
            consent_file.exclude(self.settings, (excluded,))
        copy = consent_source.Answer(
            shop=self.settings.shop,
            consents={},
            left_out=tuple(names),
            key_ids=(key.key_id,),
            asked_at="2026-11-24T03:00:00Z",
            asked_of="a control plane",
        )
        consent_seal.write(self.settings, consent_source.COPY, msgspec.to_builtins(copy))

    def _stage(self) -> None:
        """A sync that was killed, after it had thrown a batch away."""
        staging = Staging(self.lake / "shop" / STAGING, "64MB", 1)
        at = datetime(2026, 11, 24, tzinfo=UTC).replace(tzinfo=None)
        row = (self.pseudonym(SUBJECT), at, at, 3, "60.0", "EUR", False, "SUBSCRIBED")
        staging.add("customers", [("customers", row)], Progress(batch=1))
        staging.forget("customers", ["staged_customers"], 1, Progress())
        staging.add("customers", [("customers", row)], Progress(batch=2))
        staging.close()

    def _stop_a_night(self) -> None:
        rows = tuple({"order_id": str(n), "line": "1"} for n in (FIRST_ORDER, OTHERS_ORDER))
        finding = Finding(check="negative price", what="got 2 line(s)", rows=rows)
        stopped = StepRecord(
            step="check",
            outcome=Outcome.STOPPED,
            inputs={},
            error=str(finding),
            findings=(finding,),
        )
        night = RunRecord(
            id="20261124T030000Z-abc123",
            asked="a" * 64,
            day="20261124",
            started_at=datetime(2026, 11, 24, 3, tzinfo=UTC),
            models=("fraud",),
            steps=(stopped,),
        )
        records.save(self.lake, night)
        save_record(self.lake, "lines", "k" * 64, {"customer": self.pseudonym(SUBJECT)})
