"""The whole line around a gateway: control plane, fleet, real bentos, and somebody in between."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from demo.evaluation import RoutesHistory
from load_tests.free_ports import free_port
from load_tests.installation.gateway import HOST, GatewayProcess
from load_tests.installation.line import SHOP, Line
from load_tests.installation.process import Process
from load_tests.installation.site import Site, learn_routes
from load_tests.installation.tampering import Tampering
from load_tests.installation.tiny_bento import VERSIONS

STABLE, CANARY = VERSIONS
# A release with enough steps that every trial can publish new routes.
STEPS = tuple(round(0.3 + 0.01 * step, 2) for step in range(40))

# Short, so that decisions are closed and shipped while a trial runs.
SEGMENT_SECONDS = 1.0
SHIP_SECONDS = 0.5


@dataclass
class LineSite(Site):
    """A gateway that follows a real control plane, through a proxy that tampers on command."""

    line: Line
    shipper: Process
    control: Path
    release: str
    weight: float = 0.0
    steps: list[float] = field(default_factory=lambda: list(STEPS))

    def learn(self) -> None:
        """The routes the gateway has on disk now."""
        learn_routes(self.history, self.gateway.home)

    def tamper(self, how: Tampering) -> None:
        """From the next message on."""
        fresh = self.control.with_suffix(".new")
        fresh.write_text(how.value)
        fresh.replace(self.control)

    def publish(self) -> None:
        """A canary step further: a new revision of the routes."""
        self.line.move(self.release, "ramp" if self.weight else "start")
        self.weight = self.steps.pop(0)

    def follows(self) -> bool:
        """Whether the gateway works with the last routes published."""
        return any(
            rule["ranges"][1] == [0, self.weight] for rule in self.line.feature().get("rules", ())
        )

    def gateway_said(self, what: str) -> int:
        """How often it logged this."""
        return self.gateway.process.log.read_text(errors="replace").count(what)

    def tampered(self) -> int:
        """How often somebody in between did what it was told."""
        log = self.line.home / "logs" / "tampering.log"
        return log.read_text(errors="replace").count("tampered")


@contextmanager
def line_site(folder: Path) -> Iterator[LineSite]:
    """Set it all up under ``folder``, with a canary at 30 %."""
    home = folder / "home"
    with ExitStack() as stack:
        line = Line(home)
        stack.callback(line.stop_all)
        line.set_up(folder / "projects")
        control, port = folder / "tampering", free_port()
        arguments = ["load_tests.installation.tampering", "--upstream", line.control_url]
        proxy = Process(
            "tampering",
            [*arguments, "--port", str(port), "--control", str(control)],
            home / "logs" / "tampering.log",
            {},
        )
        stack.callback(proxy.stop)
        proxy.start()
        gateway = GatewayProcess(
            home,
            SHOP,
            {
                "SIGNALBOX_CONTROL_PLANE_URL": f"http://{HOST}:{port}",
                "SIGNALBOX_SEGMENT_MAX_AGE_S": str(SEGMENT_SECONDS),
            },
        )
        stack.callback(gateway.stop)
        gateway.start()
        shipper = _shipper(line)
        stack.callback(shipper.stop)
        shipper.start()
        release = line.release(CANARY, shadow=False, steps=list(STEPS))
        offsets = dict.fromkeys(VERSIONS, 0.0)
        site = LineSite(
            gateway, line.keys["caller"], offsets, RoutesHistory(), line, shipper, control, release
        )
        site.publish()
        line.until(site.follows)
        yield site


def _shipper(line: Line) -> Process:
    environment = {**line.environment, "SIGNALBOX_SHIP_INTERVAL_S": str(SHIP_SECONDS)}
    log = line.home / "logs" / "shipper.log"
    return Process("shipper", ["gateway.shipper"], log, environment)
