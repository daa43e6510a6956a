"""Versions that die, hang, dawdle or answer garbage, while a worker of stable is up."""

from bentos.contract.decision import Reason
from load_tests.fault_list.fault import Fault
from load_tests.installation.callers import Answer, Seen
from load_tests.installation.misbehaviour import Misbehaviour
from load_tests.installation.site import CANARY, SHADOW, VersionSite

CANARY_WORKER, SHADOW_WORKER, ONE_STABLE = "canary", "shadow", "stable-1"


class CanaryMisbehaves(Fault[VersionSite]):
    """Stable must answer for it, and the canary must be asked again once it is well."""

    def __init__(self, name: str, what: str, how: Misbehaviour) -> None:
        super().__init__(name, what)
        self._how = how

    def inject(self, site: VersionSite) -> None:
        """From the next call on."""
        site.versions[CANARY_WORKER].misbehave(self._how)

    def heal(self, site: VersionSite) -> None:
        """It is well again, without a restart."""
        site.versions[CANARY_WORKER].misbehave(Misbehaviour.NONE)

    def felt(self, site: VersionSite, seen: Seen) -> str:
        """Stable answered for it."""
        fallbacks = seen.during(Reason.FALLBACK)
        return f"{fallbacks} fallbacks" if fallbacks else ""

    def recovered(self, site: VersionSite, since: list[Answer]) -> bool:
        """The canary itself answers."""
        return any(answer.facts["model_version"] == CANARY for answer in since)


class CanaryKilled(CanaryMisbehaves):
    """SIGKILL; a new process takes its socket."""

    def __init__(self) -> None:
        super().__init__("canary-killed", "canary's worker killed", Misbehaviour.NONE)

    def inject(self, site: VersionSite) -> None:
        """With whatever is in flight."""
        site.versions[CANARY_WORKER].kill()

    def heal(self, site: VersionSite) -> None:
        """As the fleet would."""
        site.versions[CANARY_WORKER].start()


class CanaryFrozen(CanaryMisbehaves):
    """SIGSTOP: its socket still takes connections, and nothing ever answers."""

    def __init__(self) -> None:
        super().__init__("canary-frozen", "canary's process stopped", Misbehaviour.NONE)

    def inject(self, site: VersionSite) -> None:
        """The whole process."""
        site.versions[CANARY_WORKER].freeze()

    def heal(self, site: VersionSite) -> None:
        """It goes on where it was."""
        site.versions[CANARY_WORKER].thaw()


class StableWorkerKilled(Fault[VersionSite]):
    """One of two; the other must answer everything, also what was in flight."""

    def __init__(self) -> None:
        super().__init__("stable-worker-killed", "one of two stable workers killed")

    def inject(self, site: VersionSite) -> None:
        """With whatever is in flight."""
        site.versions[ONE_STABLE].kill()

    def heal(self, site: VersionSite) -> None:
        """As the fleet would."""
        site.versions[ONE_STABLE].start()

    def felt(self, site: VersionSite, seen: Seen) -> str:
        """The other one answered."""
        answered = seen.during(Reason.SPLIT)
        return f"{answered} answers by one worker" if answered else ""

    def recovered(self, site: VersionSite, since: list[Answer]) -> bool:
        """The gateway is connected to it again."""
        return site.versions[ONE_STABLE].callers() > 0


class StableWorkerMisbehaves(StableWorkerKilled):
    """One of two does something wrong; the other must answer, inside the same deadline."""

    def __init__(self, name: str, what: str, how: Misbehaviour) -> None:
        Fault.__init__(self, name, what)
        self._how = how
        self._spoilt = 0

    def inject(self, site: VersionSite) -> None:
        """From the next call on."""
        self._spoilt = site.versions[ONE_STABLE].spoilt()
        site.versions[ONE_STABLE].misbehave(self._how)

    def heal(self, site: VersionSite) -> None:
        """It is well again, without a restart."""
        site.versions[ONE_STABLE].misbehave(Misbehaviour.NONE)

    def felt(self, site: VersionSite, seen: Seen) -> str:
        """It was asked."""
        spoilt = site.versions[ONE_STABLE].spoilt() - self._spoilt
        return f"{spoilt} batches spoilt" if spoilt else ""


class ShadowMisbehaves(Fault[VersionSite]):
    """Nobody may notice, and what became of its copies must be written down."""

    # Each look reads all segments, in the process of the callers.
    looks_every_s = 0.5

    def __init__(self, name: str, what: str, how: Misbehaviour) -> None:
        super().__init__(name, what)
        self._how = how
        self._before: set[str] = set()

    def inject(self, site: VersionSite) -> None:
        """From the next copy on."""
        self._before = {one.decision_id for one in site.records().shadows}
        site.versions[SHADOW_WORKER].misbehave(self._how)

    def heal(self, site: VersionSite) -> None:
        """It is well again, without a restart."""
        site.versions[SHADOW_WORKER].misbehave(Misbehaviour.NONE)

    def felt(self, site: VersionSite, seen: Seen) -> str:
        """Copies that failed are in the log."""
        failed = sum(
            one.status != "ok" and one.decision_id not in self._before
            for one in site.records().shadows
        )
        return f"{failed} copies failed" if failed else ""

    def recovered(self, site: VersionSite, since: list[Answer]) -> bool:
        """Copies of requests that came after the repair are compared again."""
        later = {answer.decision_id for answer in since}
        return any(
            one.status == "ok" and one.version == SHADOW and one.decision_id in later
            for one in site.records().shadows
        )


class ShadowKilled(ShadowMisbehaves):
    """SIGKILL; a new process takes its socket."""

    def __init__(self) -> None:
        super().__init__("shadow-killed", "shadow's worker killed", Misbehaviour.NONE)

    def inject(self, site: VersionSite) -> None:
        """With whatever is in flight."""
        self._before = {one.decision_id for one in site.records().shadows}
        site.versions[SHADOW_WORKER].kill()

    def heal(self, site: VersionSite) -> None:
        """As the fleet would."""
        site.versions[SHADOW_WORKER].start()


VERSION_FAULTS: tuple[Fault[VersionSite], ...] = (
    CanaryKilled(),
    CanaryMisbehaves("canary-hung", "canary takes requests, never answers", Misbehaviour.HUNG),
    CanaryFrozen(),
    CanaryMisbehaves("canary-slow", "canary answers after the deadline", Misbehaviour.SLOW),
    CanaryMisbehaves("canary-error", "canary answers 500", Misbehaviour.ERROR),
    CanaryMisbehaves("canary-wrong-dtype", "FP64 where FP32 is promised", Misbehaviour.WRONG_DTYPE),
    CanaryMisbehaves("canary-wrong-shape", "one row too many", Misbehaviour.WRONG_SHAPE),
    CanaryMisbehaves("canary-nan", "NaN in every row", Misbehaviour.NAN),
    CanaryMisbehaves(
        "canary-half-written", "half a response, then hangs up", Misbehaviour.HALF_WRITTEN
    ),
    CanaryMisbehaves("canary-stalled", "half a response, then silence", Misbehaviour.STALLED),
    StableWorkerKilled(),
    StableWorkerMisbehaves(
        "stable-worker-half-written",
        "one of two stable workers hangs up half-way",
        Misbehaviour.HALF_WRITTEN,
    ),
    StableWorkerMisbehaves(
        "stable-worker-hung", "one of two stable workers never answers", Misbehaviour.HUNG
    ),
    ShadowMisbehaves("shadow-hung", "shadow takes copies, never answers", Misbehaviour.HUNG),
    ShadowKilled(),
)
