"""The gateway itself: a worker that is killed, all of them replaced one after the other."""

from load_tests.fault_list.fault import Fault
from load_tests.installation.callers import Answer, Failure, Seen
from load_tests.installation.gateway import WORKERS, Casualty
from load_tests.installation.site import Site


class GatewayWorkerKilled(Fault[Site]):
    """Requests on that worker's connections are lost, and only they; who asks again is served."""

    heals_itself = True

    def __init__(self) -> None:
        super().__init__("gateway-worker-killed", "one of two gateway workers killed")
        self._casualty: Casualty | None = None

    def inject(self, site: Site) -> None:
        """With whatever is in flight; its parent starts another."""
        self._casualty = site.gateway.kill_worker()

    def felt(self, site: Site, seen: Seen) -> str:
        """It held connections."""
        casualty = self._casualty
        if casualty is None or not casualty.ports:
            return ""
        return f"it held {len(casualty.ports)} connections"

    def recovered(self, site: Site, since: list[Answer]) -> bool:
        """There are two again, and neither is the dead one."""
        workers = site.gateway.workers()
        killed = self._casualty is not None and self._casualty.pid in workers
        return len(workers) == WORKERS and not killed

    def tolerates(self, failure: Failure) -> bool:
        """A broken connection of a client that does not ask again, if the dead worker held it."""
        return (
            not failure.retrying
            and failure.status == 0
            and self._casualty is not None
            and failure.port in self._casualty.ports
        )


class RollingRestart(Fault[Site]):
    """SIGHUP to the parent: one worker after the other is replaced, and nobody may notice."""

    heals_itself = True
    looks_every_s = 0.2

    def __init__(self) -> None:
        super().__init__("rolling-restart", "all gateway workers replaced, one after the other")
        self._before: frozenset[int] = frozenset()

    def inject(self, site: Site) -> None:
        """Ask for it."""
        self._before = frozenset(site.gateway.workers())
        site.gateway.reload()

    def felt(self, site: Site, seen: Seen) -> str:
        """None of the old workers is left."""
        after = site.gateway.workers()
        return "" if self._before & set(after) else f"{len(self._before)} workers replaced"

    def recovered(self, site: Site, since: list[Answer]) -> bool:
        """All workers are new ones."""
        workers = site.gateway.workers()
        return len(workers) == WORKERS and not self._before & set(workers)


GATEWAY_FAULTS: tuple[Fault[Site], ...] = (GatewayWorkerKilled(), RollingRestart())
