"""Every fault there is, and the installation each is tried out on."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from load_tests.fault_list.fault import Fault
from load_tests.fault_list.gateway import GATEWAY_FAULTS
from load_tests.fault_list.versions import VERSION_FAULTS
from load_tests.installation.site import Site, version_site


@dataclass(frozen=True)
class Group:
    """Faults that share one installation, which is started under a folder of its own."""

    name: str
    opened: Callable[[Path], AbstractContextManager[Site]]
    faults: tuple[Fault[Any], ...]


GROUPS = (Group("versions", version_site, (*VERSION_FAULTS, *GATEWAY_FAULTS)),)
NAMES = tuple(fault.name for group in GROUPS for fault in group.faults)
