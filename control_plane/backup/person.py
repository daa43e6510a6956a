"""Who does maintenance: the process, on behalf of the machine's user."""

import getpass

from control_plane.principal import Principal, system


def principal(what: str) -> Principal:
    """The actor of an event of backup, restore or upgrade."""
    return system(what, "local")


def user() -> str:
    """The machine's user, for ``on_behalf_of``; "unknown" where it has no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
