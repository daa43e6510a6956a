"""The control plane, its documents and its fleet: gateways go on with what they have."""

import os
import signal

from bentos.contract.decision import Reason
from load_tests.fault_list.fault import Fault
from load_tests.installation.callers import Answer, Seen
from load_tests.installation.line_site import CANARY, STABLE, LineSite
from load_tests.installation.tampering import Tampering


class LineFault(Fault[LineSite]):
    """Its share of looks at files: the routes in force are read again and again."""

    looks_every_s = 0.1


class ControlPlaneKilled(LineFault):
    """SIGKILL and a new start: freshness is lost, service is not."""

    def __init__(self) -> None:
        super().__init__("control-plane-killed", "control plane killed and started again")
        self._said = 0

    def inject(self, site: LineSite) -> None:
        """At once."""
        self._said = site.gateway_said("documents_stream_lost")
        site.line.stop("control-plane", signal.SIGKILL)

    def heal(self, site: LineSite) -> None:
        """Start it, and publish something that the gateway must get to know."""
        site.line.start_control_plane()
        site.publish()

    def felt(self, site: LineSite, seen: Seen) -> str:
        """The gateway noticed."""
        lost = site.gateway_said("documents_stream_lost") - self._said
        return f"stream lost, {lost} tries" if lost else ""

    def recovered(self, site: LineSite, since: list[Answer]) -> bool:
        """The new routes are in force."""
        return site.follows()


class DocumentTampered(LineFault):
    """New routes arrive spoilt: they are refused, and the last good ones stay."""

    def __init__(self, name: str, what: str, how: Tampering) -> None:
        super().__init__(name, what)
        self._how = how
        self._refused = 0
        self._taken_in = False

    def inject(self, site: LineSite) -> None:
        """Publish, with somebody in between."""
        self._refused = site.gateway_said("document_refused")
        site.tamper(self._how)
        site.publish()

    def heal(self, site: LineSite) -> None:
        """Nobody is in between any more; must not have been taken in until now."""
        self._taken_in = site.follows()
        site.tamper(Tampering.NONE)

    def felt(self, site: LineSite, seen: Seen) -> str:
        """The gateway refused it."""
        refused = site.gateway_said("document_refused") - self._refused
        return f"refused {refused} times" if refused and not self._taken_in else ""

    def recovered(self, site: LineSite, since: list[Answer]) -> bool:
        """The new routes are in force, as they were signed."""
        return site.follows()


class OlderDocument(LineFault):
    """The first routes there ever were, rightly signed, are offered again."""

    def __init__(self) -> None:
        super().__init__("document-older", "an older revision of the routes is offered")
        self._tampered = 0
        self._went_back = False

    def inject(self, site: LineSite) -> None:
        """The stream ends as well: a gateway that connects anew is told the old revision."""
        self._tampered = site.tampered()
        site.tamper(Tampering.OLDER)

    def heal(self, site: LineSite) -> None:
        """Nobody is in between any more; then something new is published."""
        self._went_back = not site.follows()
        site.tamper(Tampering.NONE)
        site.publish()

    def felt(self, site: LineSite, seen: Seen) -> str:
        """It was offered, and not taken."""
        offered = site.tampered() - self._tampered
        return f"offered {offered} times" if offered and not self._went_back else ""

    def recovered(self, site: LineSite, since: list[Answer]) -> bool:
        """The new routes are in force."""
        return site.follows()


class FleetKilled(LineFault):
    """SIGKILL and a new start: workers go on, and the next fleet takes them back."""

    def __init__(self) -> None:
        super().__init__("fleet-killed", "fleet killed and started again")
        self._worker: int | None = None

    def inject(self, site: LineSite) -> None:
        """At once."""
        self._worker = site.line.worker(STABLE)
        site.line.stop("fleet", signal.SIGKILL)

    def heal(self, site: LineSite) -> None:
        """Start it."""
        site.line.start("fleet", "control_plane.fleet")

    def felt(self, site: LineSite, seen: Seen) -> str:
        """It was gone, and the worker is the same one all along."""
        same = self._worker is not None and site.line.worker(STABLE) == self._worker
        return "no fleet, the same workers" if same else ""

    def recovered(self, site: LineSite, since: list[Answer]) -> bool:
        """It took the workers back."""
        return "worker adopted" in site.line.log("fleet")


class BentoWorkerKilled(LineFault):
    """A canary's real worker dies; stable answers until the fleet has started another."""

    heals_itself = True

    def __init__(self) -> None:
        super().__init__("bento-worker-killed", "canary's bento worker killed under a fleet")
        self._victim: int | None = None

    def inject(self, site: LineSite) -> None:
        """With whatever is in flight."""
        self._victim = site.line.worker(CANARY)
        if self._victim is not None:
            os.kill(self._victim, signal.SIGKILL)

    def felt(self, site: LineSite, seen: Seen) -> str:
        """Stable answered for it."""
        fallbacks = sum(answer.facts["reason"] == Reason.FALLBACK for answer in seen.answers)
        return f"{fallbacks} fallbacks" if fallbacks else ""

    def recovered(self, site: LineSite, since: list[Answer]) -> bool:
        """Another worker runs and answers."""
        another = site.line.worker(CANARY) not in (None, self._victim)
        return another and any(a.facts["model_version"] == CANARY for a in since[-50:])


class ShipperKilled(LineFault):
    """SIGKILL in the middle of its work and a new start: every decision is found all along."""

    def __init__(self) -> None:
        super().__init__("shipper-killed", "shipper killed and started again")
        self._shipped = 0
        self._still_shipped = 0

    def inject(self, site: LineSite) -> None:
        """At once, whatever it is writing."""
        self._shipped = site.records().shipped
        site.shipper.kill()

    def heal(self, site: LineSite) -> None:
        """Start it; segments have piled up."""
        self._still_shipped = site.records().shipped
        site.shipper.start()

    def felt(self, site: LineSite, seen: Seen) -> str:
        """It had shipped, and nothing was shipped without it."""
        stopped = self._shipped and self._still_shipped - self._shipped < seen.requests / 2
        return f"{self._shipped} in the lake by then" if stopped else ""

    def recovered(self, site: LineSite, since: list[Answer]) -> bool:
        """More is in the lake."""
        return site.records().shipped > self._still_shipped


LINE_FAULTS: tuple[Fault[LineSite], ...] = (
    ControlPlaneKilled(),
    DocumentTampered("document-corrupted", "new routes arrive damaged", Tampering.CORRUPT),
    DocumentTampered("document-wrong-key", "new routes signed by a stranger", Tampering.WRONG_KEY),
    OlderDocument(),
    FleetKilled(),
    BentoWorkerKilled(),
    ShipperKilled(),
)
