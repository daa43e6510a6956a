"""The decision log's disk is full: answer without a decision, or refuse, as configured."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from load_tests.fault_list.fault import Fault
from load_tests.installation.callers import Answer, Failure, Phase, Seen
from load_tests.installation.disk import Disk, small_disk
from load_tests.installation.site import Site, version_site


@dataclass
class DiskSite(Site):
    """A gateway whose home is a disk of its own."""

    disk: Disk


@contextmanager
def disk_site(folder: Path, policy: str) -> Iterator[DiskSite]:
    """The usual installation, with a small disk under all that the gateway writes: its segments,
    its documents and its own log."""
    environment = {"SIGNALBOX_LOG_FULL_POLICY": policy}
    with (
        small_disk(folder / "home") as disk,
        version_site(folder, environment) as site,
    ):
        yield DiskSite(site.gateway, site.api_key, site.offsets, site.history, disk)


class DiskFull(Fault[DiskSite]):
    """Not a byte fits; later there is room again."""

    def inject(self, site: DiskSite) -> None:
        """Fill it; the gateway cannot even complain."""
        site.disk.fill(site.gateway)

    def heal(self, site: DiskSite) -> None:
        """Make room."""
        site.disk.free(site.gateway)

    def recovered(self, site: DiskSite, since: list[Answer]) -> bool:
        """Answers come with a decision."""
        return any(answer.decision_id is not None for answer in since)


class DiskFullServe(DiskFull):
    """Policy ``serve``: every caller is answered, and told that nobody wrote it down."""

    def __init__(self) -> None:
        super().__init__("disk-full-serve", "no room for decisions, policy serve")

    def felt(self, site: DiskSite, seen: Seen) -> str:
        """Answers came without a decision."""
        unlogged = sum(answer.decision_id is None for answer in seen.answers)
        return f"{unlogged} unlogged, {site.disk.kind}" if unlogged else ""

    def may_be_unlogged(self, answer: Answer) -> bool:
        """Not before the disk was full, and never without saying so."""
        return answer.phase is not Phase.BEFORE and answer.facts["logged"] is False


class DiskFullRefuse(DiskFull):
    """Policy ``refuse``: nobody is answered without a decision."""

    def __init__(self) -> None:
        super().__init__("disk-full-refuse", "no room for decisions, policy refuse")

    def felt(self, site: DiskSite, seen: Seen) -> str:
        """Callers were refused."""
        refused = sum(failure.status == 503 for failure in seen.failures)
        return f"{refused} refused, {site.disk.kind}" if refused else ""

    def tolerates(self, failure: Failure) -> bool:
        """A 503 that names the log, from when the disk was full."""
        named = "decision log" in failure.what
        return failure.status == 503 and failure.phase is not Phase.BEFORE and named


SERVE_FAULTS: tuple[Fault[DiskSite], ...] = (DiskFullServe(),)
REFUSE_FAULTS: tuple[Fault[DiskSite], ...] = (DiskFullRefuse(),)
