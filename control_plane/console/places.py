"""Where one may go in the console, and what its services ask for; pure."""

from dataclasses import dataclass

from control_plane.principal import Permission

_P = Permission


@dataclass(frozen=True)
class Room:
    """One page of a place; ``permission``: what its services ask for."""

    name: str
    path: str
    permission: Permission


@dataclass(frozen=True)
class Place:
    """What stands in the bar. Its first room that one may enter is where it leads."""

    name: str
    rooms: tuple[Room, ...]


PLACES = (
    Place(
        "Releases",
        (
            Room("Now", "/", _P.READ),
            Room("Groups", "/groups", _P.READ),
            Room("Freezes", "/freezes", _P.READ),
            Room("Kill reviews", "/reviews", _P.READ),
            Room("Following", "/follow", _P.READ),
        ),
    ),
    Place(
        "Models",
        (Room("Models", "/models", _P.READ), Room("Attributes", "/attributes", _P.READ)),
    ),
    Place(
        "Audit",
        (
            Room("Register", "/audit", _P.REGISTER_READ),
            Room("Questions", "/questions", _P.REGISTER_READ),
            Room("Export", "/export", _P.REGISTER_READ),
            Room("Access review", "/access-review", _P.REGISTER_READ),
        ),
    ),
    Place(
        "Privacy",
        (
            Room("Law requests", "/redactions", _P.REDACTIONS_READ),
            Room("Erasure", "/erasures", _P.DECISIONS_ERASE),
            Room("Retention", "/retention", _P.DECISIONS_EXPIRE),
            Room("Shop", "/shop", _P.CONSENTS_READ),
        ),
    ),
    Place(
        "Access",
        (
            Room("People", "/people", _P.PEOPLE),
            Room("API keys", "/keys", _P.PEOPLE),
            Room("Callers", "/callers", _P.CALLERS),
            Room("SDK keys", "/sdk-keys", _P.SDK_KEYS),
            Room("Shopify apps", "/shopify-apps", _P.CALLERS),
            Room("Webhooks", "/webhooks", _P.WEBHOOKS),
        ),
    ),
)


def open_to(place: Place, permissions: frozenset[Permission]) -> tuple[Room, ...]:
    """Rooms that somebody with these permissions may enter."""
    return tuple(room for room in place.rooms if room.permission in permissions)
