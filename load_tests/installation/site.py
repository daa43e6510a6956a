"""A gateway on signed documents alone, in front of versions that misbehave on command."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from bentos.contract.documents import (
    DocumentHeader,
    DocumentName,
    EndpointsBody,
    KillBody,
    RoutesBody,
    SchemasBody,
    VersionSchema,
    decode_body,
)
from bentos.contract.route import CanaryRule, Route, compile_features, weight_to_buckets
from demo.evaluation import RoutesHistory
from load_tests.documents import make_caller, write_home
from load_tests.free_ports import free_port
from load_tests.installation.callers import Callers
from load_tests.installation.gateway import HOST, GatewayProcess
from load_tests.installation.model import MODEL, SCHEMA, SIGNATURE
from load_tests.installation.records import Records, read_records
from load_tests.installation.versions import Versions

SHOP = "fault-shop"
STABLE, CANARY, SHADOW = (
    "tiny:20260101-0000000a",
    "tiny:20260102-0000000b",
    "tiny:20260103-0000000c",
)
OFFSETS = {STABLE: 0.0, CANARY: 10_000.0, SHADOW: 20_000.0}
STABLE_WORKERS = ("stable-1", "stable-2")
CANARY_WEIGHT = 0.3
# Never reached, but a limit that is there can go wrong with the clock.
RATE = 100_000


@dataclass
class Site:
    """What every fault needs: a gateway, who may call it, and what its answers should be."""

    gateway: GatewayProcess
    api_key: str
    offsets: Mapping[str, float]
    history: RoutesHistory

    def known(self) -> frozenset[float]:
        """What an answer may hold beside the sum and the version's offset, the same in each row."""
        return frozenset({0.0})

    def learn(self) -> None:
        """Called all the time, for installations whose routes change."""

    def callers(self) -> Callers:
        """Steady callers, not yet calling."""
        return Callers(HOST, self.gateway.port, self.api_key)

    def records(self) -> Records:
        """Everything the gateway wrote down so far."""
        return read_records(self.gateway.home)


@dataclass
class VersionSite(Site):
    """Two workers of a stable version, one of a canary, one of a shadow."""

    versions: Versions


@contextmanager
def version_site(
    folder: Path, environment: Mapping[str, str] | None = None
) -> Iterator[VersionSite]:
    """Start it all under ``folder``; ``environment`` is for the gateway."""
    home = folder / "home"
    # Nobody is there: the documents on disk are all the gateway has.
    nobody = {"SIGNALBOX_CONTROL_PLANE_URL": f"http://{HOST}:{free_port()}"}
    with ExitStack() as stack:
        versions = Versions(folder)
        stack.callback(versions.stop)
        api_key, keys = make_caller(SHOP, RATE)
        routes = _routes()
        write_home(
            home,
            {
                DocumentName.KILL: KillBody(),
                DocumentName.ROUTES: routes,
                DocumentName.ENDPOINTS: _start(versions),
                DocumentName.SCHEMAS: _schemas(),
                DocumentName.KEYS: keys,
            },
        )
        gateway = GatewayProcess(home, SHOP, {**nobody, **(environment or {})})
        stack.callback(gateway.stop)
        gateway.start()
        history = RoutesHistory()
        learn_routes(history, home)
        yield VersionSite(gateway, api_key, OFFSETS, history, versions)


def learn_routes(history: RoutesHistory, home: Path) -> None:
    """Add the routes a gateway keeps on disk to what answers are judged by."""
    documents = home / "gateway" / "documents"
    data = (documents / "routes.header.json").read_bytes()
    header = msgspec.json.decode(data, type=DocumentHeader)
    content = (documents / "routes.body").read_bytes()
    # The gateway writes the body first: for a moment it is that of the next header.
    if hashlib.sha256(content).hexdigest() == header.digest:
        body: RoutesBody = decode_body(header.name, content)
        history.add(str(header.revision), body)


def _start(versions: Versions) -> EndpointsBody:
    stable = tuple(versions.add(name, OFFSETS[STABLE]).address for name in STABLE_WORKERS)
    canary = versions.add("canary", OFFSETS[CANARY]).address
    shadow = versions.add("shadow", OFFSETS[SHADOW]).address
    return EndpointsBody(versions={STABLE: stable, CANARY: (canary,), SHADOW: (shadow,)})


def _routes() -> RoutesBody:
    canary = CanaryRule(
        release_id="faults", step=1, candidate=CANARY, buckets=weight_to_buckets(CANARY_WEIGHT)
    )
    route = Route(model=MODEL, stable=STABLE, shadow=(SHADOW,), canary=canary)
    return RoutesBody(features=compile_features((route,)))


def _schemas() -> SchemasBody:
    entry = VersionSchema(model=MODEL, signature=SIGNATURE.digest(), features=SCHEMA.digest())
    return SchemasBody(
        signatures={SIGNATURE.digest(): SIGNATURE},
        features={SCHEMA.digest(): SCHEMA},
        versions=dict.fromkeys(OFFSETS, entry),
        current={MODEL: SIGNATURE.digest()},
    )
