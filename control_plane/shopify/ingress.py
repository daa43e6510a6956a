"""The ingress, put together: what runs beside the deliveries, started and stopped in order."""

import threading
from collections.abc import Callable
from functools import partial

import structlog

from bentos.contract.errors import ContractError
from bentos.contract.identity import Pseudonymizer
from bentos.shopify_admin.bulk_hints import BulkHints
from control_plane.shopify import permission, status
from control_plane.shopify.admin import Admins
from control_plane.shopify.app import App
from control_plane.shopify.applying import Applier
from control_plane.shopify.apps import Apps, from_database
from control_plane.shopify.changed_outcomes import ChangedOutcomes, watch
from control_plane.shopify.door import Door
from control_plane.shopify.erasing import Erasing
from control_plane.shopify.farewell import Farewell
from control_plane.shopify.fraud_loop import FraudLoop, Rules
from control_plane.shopify.hand_over import HandOver
from control_plane.shopify.inbox import open_inbox, read_inbox
from control_plane.shopify.inbox_writer import InboxWriter
from control_plane.shopify.keeping import Keeping
from control_plane.shopify.metrics import Metrics
from control_plane.shopify.reconcile import reconcile
from control_plane.shopify.scorer import Scorer
from control_plane.shopify.settings import IngressSettings

APPS_S = 2.0
KEEPING_S = 3600.0
FRAUD_S = 0.5
COMPLIANCE_S = 5.0
FAREWELL_S = 30.0
PSEUDONYM_KEY_ID = "local-1"
log = structlog.get_logger(__name__)


class Job:
    """Runs every so often in a thread of its own; what goes wrong is logged and counted."""

    def __init__(
        self, name: str, every_s: float, run: Callable[[], object], metrics: Metrics
    ) -> None:
        self.name = name
        self.wake = threading.Event()
        self._every_s = every_s
        self._run = run
        self._metrics = metrics
        self._stopping = False
        self._thread = threading.Thread(target=self._loop, name=name)

    def start(self) -> None:
        """Run at once, then every so often."""
        self._thread.start()

    def stop(self) -> None:
        """Let the run that is under way end."""
        self._stopping = True
        self.wake.set()
        self._thread.join()

    def _loop(self) -> None:
        while not self._stopping:
            try:
                self._run()
                self._metrics.ran(self.name, failed=False)
            except Exception:
                self._metrics.ran(self.name, failed=True)
                log.exception("ingress_job_failed", job=self.name)
            self.wake.wait(self._every_s)
            self.wake.clear()


class Ingress:
    """Raises ContractError or OSError when the home will not do."""

    def __init__(self, settings: IngressSettings) -> None:
        self.settings = settings
        self.metrics = Metrics()
        self.pseudonyms = _pseudonyms(settings)
        connection = open_inbox(settings.inbox)
        watch(connection)
        self.reader = read_inbox(settings.inbox)
        self.apps = Apps(from_database(settings), settings.keys, settings.folder / "apps.json")
        applier = Applier(self.metrics.applied, self._name, self._hint)
        self.writer = InboxWriter(connection, applier, settings.ingress_queue)
        door = Door(self.apps, self.pseudonyms)
        self.app = App(
            door, self.writer, self.metrics, settings.ingress_max_body_bytes, self.not_ready
        )
        self.scorer = Scorer(settings.gateway_url, settings.fraud_model, settings.key_file)
        self.admins = Admins(settings.home, settings.keys)
        self.fraud_loop = FraudLoop(
            settings.inbox,
            self.writer,
            self.scorer,
            self.admins.of,
            permission.from_database(settings),
            Rules(settings.fraud_medium, settings.fraud_high, settings.fraud_pending_after_s),
            self.metrics,
        )
        handed = settings.home, settings.inbox, self.writer, self._name
        self.hand_over = HandOver(*handed, self.apps.all)
        self.erasing = Erasing(*handed, self.fraud_loop.settle)
        self.farewell = Farewell(settings.inbox, self.writer, self.admins, self.metrics)
        heard = self.metrics.pruned, self.metrics.held_writer
        self.keeping = Keeping(settings, self.writer, *heard)
        folder = settings.home / "lake" / "outcomes"
        self.outcomes = ChangedOutcomes(settings.inbox, folder, self.writer)
        self.jobs = [
            Job("apps", APPS_S, self.apps.refresh, self.metrics),
            Job("keeping", KEEPING_S, self.keeping.run, self.metrics),
            Job("outcomes", settings.ingress_outcomes_s, self.outcomes.run, self.metrics),
            Job("reconcile", settings.ingress_reconcile_s, self.reconcile, self.metrics),
            Job("compliance", COMPLIANCE_S, self.comply, self.metrics),
            Job("fraud", FRAUD_S, self.fraud_loop.run, self.metrics),
            Job("farewell", FAREWELL_S, self.farewell.run, self.metrics),
        ]
        self._gauges()

    def start(self) -> None:
        """Apps first: a delivery that comes at once finds its secret."""
        self.apps.refresh()
        self.writer.start()
        for job in self.jobs:
            job.start()

    def stop(self) -> None:
        """Whoever writes ends before the writer does."""
        for job in reversed(self.jobs):
            job.stop()
        self.fraud_loop.close()
        self.writer.stop()
        self.scorer.close()
        self.admins.close()
        self.reader.close()

    def not_ready(self) -> str | None:
        """Why nothing can be taken, or None."""
        if not self.writer.alive:
            return "the inbox's writer has ended: see the log"
        if self.writer.failing is not None:
            return f"the inbox cannot be written: {self.writer.failing}"
        return self.apps.lacking()

    def reconcile(self) -> None:
        """Read again what was updated, of every shop that is connected."""
        for app in self.apps.all():
            if self.admins.is_connected(app.domain):
                admin, name = self.admins.of(app.domain), partial(self._name, app.shop)
                reconcile(admin, app, self.writer, name, self.metrics)

    def comply(self) -> None:
        """Hand over what the law topics ask for, and erase what is to be erased here.

        One that cannot be handed over stays so for weeks: others are erased all the same.
        """
        try:
            self.hand_over.run()
        finally:
            self.erasing.run()

    def _name(self, shop: str, kind: str, raw: str) -> str:
        return self.pseudonyms.pseudonym(shop, kind, raw)

    def _hint(self, domain: str, operation: str) -> None:
        """Who waits for it asks at once; without the hint, a while later."""
        try:
            BulkHints(self.settings.home, domain).leave(operation)
        except OSError as error:
            log.warning("ingress_no_bulk_hint", error=type(error).__name__)

    def _gauges(self) -> None:
        read = self.reader
        for name, text, value in (
            ("queue_depth", "Deliveries that wait for the disk.", lambda: self.writer.depth),
            ("waiting", "Deliveries on the disk, to be applied.", lambda: status.waiting(read)),
            ("set_aside", "Deliveries set aside.", lambda: status.set_aside_count(read)),
            (
                "oldest_waiting_seconds",
                "How long the oldest waits to be applied.",
                lambda: status.oldest_waiting_s(read),
            ),
            (
                "compliance_open",
                "Requests of the law topics nobody has taken.",
                lambda: status.compliance_open(read),
            ),
            (
                "compliance_hours_left",
                "Hours until the most urgent of them is due; 720 when there is none.",
                lambda: status.compliance_hours_left(read),
            ),
        ):
            self.metrics.gauge(name, text, value)


def _pseudonyms(settings: IngressSettings) -> Pseudonymizer:
    path = settings.keys / "pseudonym.key"
    try:
        return Pseudonymizer(PSEUDONYM_KEY_ID, bytes.fromhex(path.read_text().strip()))
    except (OSError, ValueError) as error:
        raise ContractError(
            str(path), "the pseudonym key in hex", type(error).__name__, "Run `signalbox init`."
        ) from error
