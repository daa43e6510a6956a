"""What the tables say, for Prometheus: read when somebody looks, the same from every replica."""

from collections.abc import Iterator
from datetime import datetime

import structlog
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlmodel import col, func, select

from control_plane import clock
from control_plane.audit import checkpoints
from control_plane.audit.tree import read_head
from control_plane.consents.withdrawn import serving_withdrawn
from control_plane.db import Database, ReadSession
from control_plane.errors import UnavailableError
from control_plane.metrics import PREFIX
from control_plane.nights import service as nights
from control_plane.redactions.deadline import DAY_S, DUE_DAYS, Urgency, days_left, urgency
from control_plane.redactions.service import list_requests
from control_plane.releases.kills import active_kills
from control_plane.releases.lifecycle import State
from control_plane.releases.models import ReleaseRow

log = structlog.get_logger(__name__)


class StateMetrics(Collector):
    """Gauges over the database; while it is away only that it is."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def collect(self) -> Iterator[Metric]:
        """One look."""
        up = GaugeMetricFamily(f"{PREFIX}_database_up", "Whether the database answers: 1 or 0.")
        found: list[Metric] = []
        try:
            with self._database.read() as session:
                for read in (_releases, _kills, _register, _consents, _nights, _redactions):
                    found += read(session)
            up.add_metric([], 1)
        except UnavailableError as error:
            log.warning("metrics_without_database", reason=error.detail)
            up.add_metric([], 0)
            found = []
        yield up
        yield from found
        yield self._pools()

    def _pools(self) -> Metric:
        text = "Connections of each pool of this process, in use and in all."
        shown = GaugeMetricFamily(f"{PREFIX}_database_connections", text, labels=("pool", "state"))
        for name, pool in self._database.pools().items():
            shown.add_metric([name, "in_use"], pool.in_use)
            shown.add_metric([name, "size"], pool.size)
        return shown


def _releases(session: ReadSession) -> list[Metric]:
    query = select(ReleaseRow.state, func.count()).group_by(col(ReleaseRow.state))
    counted: dict[str, int] = dict(session.exec(query).all())
    shown = GaugeMetricFamily(f"{PREFIX}_releases", "Releases by state.", labels=("state",))
    for state in State:
        shown.add_metric([state.value], counted.get(state.value, 0))
    return [shown]


def _kills(session: ReadSession) -> list[Metric]:
    text = "Models forced onto a version now."
    return [GaugeMetricFamily(f"{PREFIX}_kills_in_force", text, len(active_kills(session)))]


def _consents(session: ReadSession) -> list[Metric]:
    text = "Models whose stable version was trained under a consent that was withdrawn since."
    return [_gauge("models_without_consent", text, len(serving_withdrawn(session)))]


def _nights(session: ReadSession) -> list[Metric]:
    last, good = nights.newest(session), nights.last_good(session)
    text = "What the newest nightly run came to: 1 for that outcome."
    shown = GaugeMetricFamily(f"{PREFIX}_night_outcome", text, labels=("outcome",))
    for outcome in ("done", "failed", "stopped"):
        shown.add_metric([outcome], int(last is not None and last["outcome"] == outcome))
    ended = 0.0 if good is None else datetime.fromisoformat(good["ended_at"]).timestamp()
    text = "When a nightly run last came to its end, in Unix time; 0 for none lately."
    return [shown, _gauge("night_success_timestamp_seconds", text, ended), _let_go(last)]


def _let_go(night: nights.Night | None) -> Metric:
    text = "Of each place of the lake, what the newest nightly run let go as its time was over."
    shown = GaugeMetricFamily(f"{PREFIX}_night_let_go", text, labels=("place",))
    for each in [] if night is None else night["let_go"]:
        shown.add_metric([each["place"]], each["count"])
    return shown


def _register(session: ReadSession) -> list[Metric]:
    size, last = read_head(session).size, checkpoints.latest(session, checkpoints.origin(session))
    gauge = _gauge("register_events", "Events in the register.", size)
    if last is None:
        return [gauge]
    age = clock.seconds_since(last.at)
    behind = "Events that no checkpoint signs yet."
    return [
        gauge,
        _gauge("checkpoint_age_seconds", "Since the register was signed last.", age),
        _gauge("checkpoint_behind_events", behind, size - last.size),
    ]


def _redactions(session: ReadSession) -> list[Metric]:
    rows = list_requests(session, is_open=True)
    now = clock.now()
    shown = GaugeMetricFamily(
        f"{PREFIX}_redactions_open",
        "Open law requests, by how much time they have.",
        labels=("urgency",),
    )
    for each in (Urgency.IN_TIME, Urgency.SOON, Urgency.OVERDUE):
        found = [row for row in rows if urgency(row.due_at, row.closed_at, now) is each]
        shown.add_metric([each.value], len(found))
    left = min((days_left(row.due_at, now) for row in rows), default=float(DUE_DAYS)) * DAY_S
    text = "Until the most urgent open law request is due; 30 days when there is none."
    return [shown, _gauge("redactions_left_seconds", text, left)]


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"{PREFIX}_{name}", text, value)
