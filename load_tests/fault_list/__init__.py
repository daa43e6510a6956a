"""Every fault there is, and the installation each is tried out on."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from load_tests.fault_list.clock import CLOCK_FAULTS, clock_site
from load_tests.fault_list.disk import REFUSE_FAULTS, SERVE_FAULTS, disk_site
from load_tests.fault_list.fault import Fault
from load_tests.fault_list.features import EMBEDDED_FAULTS, REDIS_FAULTS
from load_tests.fault_list.gateway import GATEWAY_FAULTS
from load_tests.fault_list.line import LINE_FAULTS
from load_tests.fault_list.versions import VERSION_FAULTS
from load_tests.installation.feature_site import feature_site
from load_tests.installation.line_site import line_site
from load_tests.installation.site import Site, version_site


@dataclass(frozen=True)
class Group:
    """Faults that share one installation, which is started under a folder of its own."""

    name: str
    opened: Callable[[Path], AbstractContextManager[Site]]
    faults: tuple[Fault[Any], ...]


GROUPS = (
    Group("versions and the gateway", version_site, (*VERSION_FAULTS, *GATEWAY_FAULTS)),
    Group("the whole line", line_site, LINE_FAULTS),
    Group("embedded features", partial(feature_site, in_redis=False), EMBEDDED_FAULTS),
    Group("features in Redis", partial(feature_site, in_redis=True), REDIS_FAULTS),
    Group("the clock", clock_site, CLOCK_FAULTS),
    Group("a full disk, serve", partial(disk_site, policy="serve"), SERVE_FAULTS),
    Group("a full disk, refuse", partial(disk_site, policy="refuse"), REFUSE_FAULTS),
)
NAMES = tuple(fault.name for group in GROUPS for fault in group.faults)
