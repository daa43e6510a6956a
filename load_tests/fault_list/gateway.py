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
        return len(workers) == WORKERS and self._casualty is not None and bool(since)

    def tolerates(self, failure: Failure) -> bool:
        """A broken connection of a client that does not ask again, if the dead worker held it."""
        return (
            not failure.retrying
            and failure.status == 0
            and self._casualty is not None
            and failure.port in self._casualty.ports
        )


GATEWAY_FAULTS: tuple[Fault[Site], ...] = (GatewayWorkerKilled(),)
