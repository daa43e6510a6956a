"""A model that reads what a store knows of customers: embedded, or in Redis."""

import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from bentos.contract.datatype import Datatype
from bentos.contract.documents import (
    DocumentName,
    EndpointsBody,
    KillBody,
    RoutesBody,
    SchemasBody,
    VersionSchema,
)
from bentos.contract.feature_view import FeatureView
from bentos.contract.features import Feature, FeatureSchema
from bentos.contract.identity import Pseudonymizer
from bentos.contract.route import Route, compile_features
from bentos.contract.signature import EntitySpec, InputSpec, Redaction
from demo.evaluation import RoutesHistory
from load_tests.documents import make_caller, write_home
from load_tests.free_ports import free_port
from load_tests.installation.callers import KEYS, MOST_ROWS, QUESTIONS, Callers
from load_tests.installation.gateway import HOST, GatewayProcess
from load_tests.installation.model import MODEL, SIGNATURE
from load_tests.installation.question import Question, ask_about_customers
from load_tests.installation.redis_server import RedisServer
from load_tests.installation.site import RATE, SHOP, STABLE, Site, learn_routes
from load_tests.installation.versions import Versions
from training import online_store, redis_store
from training.online_store import Origin

VIEW = FeatureView(name="customer_value", version=1, entity="customer")
FEATURES = FeatureSchema(
    model=MODEL,
    features=(
        Feature(name="a", source="input:a"),
        Feature(name="b", source="input:b"),
        Feature(name="known", source=f"view:{VIEW.tag}:known", default=0.0),
    ),
    views=(VIEW,),
)
CUSTOMER = InputSpec(
    name="customer_id", datatype=Datatype.BYTES, required=False, redaction=Redaction.DROP
)
ABOUT_CUSTOMERS = msgspec.structs.replace(
    SIGNATURE,
    inputs=(*SIGNATURE.inputs, CUSTOMER),
    entities=(EntitySpec(kind="customer", input="customer_id"),),
)
CUSTOMERS = 50
# What the store knows of each customer is the number of its filling, times this.
WORTH = 10_000.0


@dataclass
class FeatureSite(Site):
    """Each filling of the store says the same of every customer, so a torn one would show."""

    redis: RedisServer | None
    filled: list[float] = field(default_factory=list)

    def callers(self) -> Callers:
        """Who asks about customers."""
        return Callers(HOST, self.gateway.port, self.api_key, _questions)

    def known(self) -> frozenset[float]:
        """What any filling said; with Redis also the default, for when it is down."""
        return frozenset(self.filled) | ({0.0} if self.redis else frozenset())

    def fill(self) -> None:
        """As a night's run does: a whole new generation, then one pointer."""
        value = (len(self.filled) + 1) * WORTH
        self.filled.append(value)
        secret = (self.gateway.home / "keys" / "pseudonym.key").read_text().strip()
        names = Pseudonymizer("local-1", bytes.fromhex(secret))
        origin = Origin(shop=SHOP, pseudonym_key=names.fingerprint, moment=datetime.now(UTC))
        entries = [
            (names.pseudonym(SHOP, VIEW.entity, customer), {"known": value})
            for customer in _customers()
        ]
        if self.redis is None:
            online_store.fill(self.gateway.home / "features", origin, [(VIEW, entries)])
        else:
            redis_store.fill(self.redis.url, None, origin, [(VIEW, entries)])


@contextmanager
def feature_site(folder: Path, *, in_redis: bool) -> Iterator[FeatureSite]:
    """One version with one worker, and a filled store."""
    home = folder / "home"
    environment = {"SIGNALBOX_CONTROL_PLANE_URL": f"http://{HOST}:{free_port()}"}
    with ExitStack() as stack:
        redis = RedisServer(folder) if in_redis else None
        if redis is not None:
            stack.callback(redis.process.stop)
            redis.start()
            environment["SIGNALBOX_ONLINE_STORE_URL"] = redis.url
        versions = Versions(folder)
        stack.callback(versions.stop)
        address = versions.add("stable", 0.0).address
        api_key = _write_documents(home, address)
        gateway = GatewayProcess(home, SHOP, environment)
        history = RoutesHistory()
        learn_routes(history, home)
        site = FeatureSite(gateway, api_key, {STABLE: 0.0}, history, redis)
        site.fill()
        stack.callback(gateway.stop)
        gateway.start()
        yield site


def _write_documents(home: Path, address: str) -> str:
    api_key, keys = make_caller(SHOP, RATE)
    digest, features = ABOUT_CUSTOMERS.digest(), FEATURES.digest()
    entry = VersionSchema(model=MODEL, signature=digest, features=features)
    route = Route(model=MODEL, stable=STABLE)
    bodies = {
        DocumentName.KILL: KillBody(),
        DocumentName.ROUTES: RoutesBody(features=compile_features((route,))),
        DocumentName.ENDPOINTS: EndpointsBody(versions={STABLE: (address,)}),
        DocumentName.SCHEMAS: SchemasBody(
            signatures={digest: ABOUT_CUSTOMERS},
            features={features: FEATURES},
            versions={STABLE: entry},
            current={MODEL: digest},
        ),
        DocumentName.KEYS: keys,
    }
    write_home(home, bodies)
    return api_key


def _customers() -> list[str]:
    return [f"customer-{number}" for number in range(CUSTOMERS)]


def _questions(number: int, api_key: str) -> list[Question]:
    draw = random.Random(number)
    questions = []
    for _ in range(QUESTIONS):
        rows = [
            (draw.randrange(1000), draw.randrange(1000)) for _ in range(draw.randint(1, MOST_ROWS))
        ]
        customers = draw.sample(_customers(), len(rows))
        key = f"shopper-{draw.randrange(KEYS)}"
        questions.append(ask_about_customers(key, rows, customers, api_key))
    return questions
