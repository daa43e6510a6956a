"""Counts attempts to sign in, in the database: what one replica counted holds for all.

An attempt is entered before the password is looked at and taken back when it was right, so that
many at once are not more than many in a row. Counted are an address, a person from an address,
and a person from anywhere, whether or not such a person exists. A browser that person signed in
with before is counted by itself instead: an outsider can slow down all others, never that one.
"""

import hashlib
import ipaddress
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlmodel import col, delete, func, select

from control_plane import clock
from control_plane.db import ReadSession, WriteSession
from control_plane.errors import ThrottledError
from control_plane.people.models import DeviceRow, SignInCountRow
from control_plane.people.secret import Kind, new_secret, parse_secret
from control_plane.people.throttle import FORGOTTEN_AFTER, Count, Rule, after_attempt, wait_s

ADDRESS = Rule(free=20, most_s=900)
PERSON_FROM_ADDRESS = Rule(free=5, most_s=900)
PERSON = Rule(free=50, most_s=60)
KNOWN_BROWSER = Rule(free=10, most_s=900)
PRESENT_PASSWORD = Rule(free=5, most_s=900)
"""Of somebody signed in who is asked for their present password."""
MAX_COUNTS = 10_000
EVICTED = 1_000
"""Counts given up, the oldest first, when there are ``MAX_COUNTS``."""
DEVICES_PER_PERSON = 20
DEVICE_COOKIE = "signalbox_device"
DEVICE_KEPT_S = 180 * 24 * 3600
IPV6_BITS = 64


@dataclass(frozen=True)
class Counted:
    """Something attempts are counted by. ``key`` tells nobody what was typed."""

    key: str
    rule: Rule
    own: bool = True
    """Whether the right password clears the count; an address keeps the others'."""


def counted_by(
    session: ReadSession, person_id: str, ip: str | None, device: str | None
) -> tuple[Counted, ...]:
    """What an attempt to sign in as this person counts for."""
    known = known_device(session, person_id, device)
    if known is not None:
        return (Counted(_key("device", known.id), KNOWN_BROWSER),)
    address = _network(ip)
    return (
        Counted(_key("address", address), ADDRESS, own=False),
        Counted(_key("person from", person_id, address), PERSON_FROM_ADDRESS),
        Counted(_key("person", person_id), PERSON),
    )


def of_present_password(person_id: str) -> tuple[Counted, ...]:
    """What somebody signed in counts for who tells their present password."""
    return (Counted(_key("present", person_id), PRESENT_PASSWORD),)


def check(session: ReadSession, counted: Sequence[Counted], now: datetime | None = None) -> None:
    """Raise ThrottledError while any of them has to wait. ``now``: the present by default."""
    now = now or datetime.now(UTC)
    rows = (session.get(SignInCountRow, each.key) for each in counted)
    wait = max(wait_s(_count(row), now) if row else 0.0 for row in rows)
    if wait > 0:
        seconds = math.ceil(wait)
        detail = f"too many failed sign-ins: the next one is taken in {seconds} s"
        raise ThrottledError(detail, seconds)


def enter(session: WriteSession, counted: Sequence[Counted], now: datetime | None = None) -> None:
    """Count an attempt; raises ThrottledError, counting nothing, while one has to wait."""
    now = now or datetime.now(UTC)
    check(session, counted, now)
    for each in counted:
        row = session.get(SignInCountRow, each.key)
        count = after_attempt(each.rule, _count(row) if row else None, now)
        if row is None:
            _make_room(session, now)
            row = SignInCountRow(source=each.key, failures=0, last_at="", blocked_until="")
        row.failures, row.last_at = count.failures, clock.to_text(count.last_at)
        row.blocked_until = clock.to_text(count.blocked_until)
        session.add(row)
        session.flush()


def take_back(session: WriteSession, counted: Sequence[Counted], *, good: bool) -> None:
    """The attempt was no failure. ``good``: the password was right, earlier ones are forgiven."""
    for each in counted:
        row = session.get(SignInCountRow, each.key)
        if row is None:
            continue
        if (good and each.own) or row.failures <= 1:
            session.delete(row)
        else:
            row.failures, row.blocked_until = row.failures - 1, row.last_at
            session.add(row)


def known_device(session: ReadSession, person_id: str, device: str | None) -> DeviceRow | None:
    """The browser this token names, if that person has signed in with it before."""
    secret = parse_secret(device, Kind.DEVICE) if device else None
    row = session.get(DeviceRow, secret.id) if secret else None
    good = secret is not None and row is not None and secret.matches(row.digest)
    return row if good and row is not None and row.person == person_id else None


def remember_device(session: WriteSession, person_id: str, device: str | None) -> str | None:
    """Note that the person signed in; a token for the browser's cookie if it had none of theirs."""
    known = known_device(session, person_id, device)
    if known is not None:
        known.used_at = clock.now()
        session.add(known)
        return None
    query = select(DeviceRow).where(col(DeviceRow.person) == person_id)
    devices = list(session.exec(query.order_by(col(DeviceRow.used_at))))
    for row in devices[: max(0, len(devices) - DEVICES_PER_PERSON + 1)]:
        session.delete(row)
    secret = new_secret(Kind.DEVICE)
    session.add(
        DeviceRow(id=secret.id, digest=secret.digest, person=person_id, used_at=clock.now())
    )
    return secret.text


def _make_room(session: WriteSession, now: datetime) -> None:
    over = clock.to_text(now - FORGOTTEN_AFTER)
    session.exec(delete(SignInCountRow).where(col(SignInCountRow.last_at) < over))
    if session.exec(select(func.count()).select_from(SignInCountRow)).one() < MAX_COUNTS:
        return
    oldest = select(SignInCountRow.source).order_by(col(SignInCountRow.last_at)).limit(EVICTED)
    keys = list(session.exec(oldest))
    session.exec(delete(SignInCountRow).where(col(SignInCountRow.source).in_(keys)))


def _count(row: SignInCountRow) -> Count:
    last, until = map(datetime.fromisoformat, (row.last_at, row.blocked_until))
    return Count(row.failures, last, until)


def _network(ip: str | None) -> str:
    """An IPv6 household has 2^64 addresses: they count as one."""
    try:
        address = ipaddress.ip_address(ip or "")
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((int(address), IPV6_BITS), strict=False))


def _key(kind: str, *parts: str) -> str:
    text = "\x1f".join((kind, *parts))
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()
