"""Where webhooks may go: https to public addresses, and what the configuration adds. Pure.

Whoever may make a webhook must not reach through it what only this machine can reach: cloud
metadata, databases, the control plane itself. A name is judged by the addresses it stands for
at the moment of sending, and the request goes to the one that was judged (``sender.py``).
"""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

import httpx

from bentos.contract.errors import ContractError

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address
MAX_URL = 2000
PORTS = {"https": 443, "http": 80}
_NAME = re.compile(rb"[A-Za-z0-9_.-]{1,253}")
# IPv4 inside IPv6: judged by what is inside.
_NAT64 = IPv6Network("64:ff9b::/96")


@dataclass(frozen=True)
class AddressPolicy:
    """``networks``: allowed although they are private. ``http``: without TLS, too."""

    networks: tuple[Network, ...] = ()
    http: bool = False

    def allows(self, address: Address) -> bool:
        """Whether a request may go to this address."""
        address = _inner(address)
        if any(
            address in network for network in self.networks if network.version == address.version
        ):
            return True
        special = address.is_multicast or address.is_reserved
        # Given up long ago (RFC 3879), and in use in old networks all the same.
        site_local = isinstance(address, IPv6Address) and address.is_site_local
        return address.is_global and not special and not site_local


def parse_networks(text: str) -> tuple[Network, ...]:
    """Networks with commas between them; raises ValueError."""
    return tuple(ipaddress.ip_network(each.strip()) for each in text.split(",") if each.strip())


def check_url(text: str, policy: AddressPolicy) -> httpx.URL:
    """A webhook's address; raises ContractError, naming what is wrong with it."""
    if len(text) > MAX_URL:
        raise ContractError("url", f"at most {MAX_URL} characters", len(text))
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL as error:
        raise ContractError("url", "an address, https://host/path", str(error)) from error
    schemes = ("https", "http") if policy.http else ("https",)
    if url.scheme not in schemes or not url.host:
        hint = "" if policy.http else "http is for SIGNALBOX_WEBHOOK_HTTP=true alone."
        raise ContractError("url", f"{' or '.join(schemes)}://host/path", text, hint)
    if url.userinfo or url.fragment:
        expected = "no user, password or fragment: a request is known by its signature"
        raise ContractError("url", expected, "one")
    if url.port is not None and not 1 <= url.port <= 65_535:
        raise ContractError("url", "a port from 1 to 65535", url.port)
    literal = _literal(url.host)
    if literal is None and not _NAME.fullmatch(url.raw_host):
        raise ContractError("url", "a host's name or address", url.host)
    if literal is not None and not policy.allows(literal):
        raise ContractError("url", "a public address", text, why_not(literal))
    return url


def port_of(url: httpx.URL) -> int:
    """The port it names, or its scheme's."""
    return url.port or PORTS[url.scheme]


def origin_of(text: str) -> str:
    """Scheme, host and port: as much of an address as the register may hold, as a path is a
    secret with some receivers."""
    url = httpx.URL(text)
    return f"{url.scheme}://{url.netloc.decode()}"


def choose(found: Sequence[str], policy: AddressPolicy) -> Address:
    """The address to connect to, of those a name stands for.

    Raises ContractError if there is none, or if any of them is not allowed: a name that also
    stands for a private address is somebody trying.
    """
    addresses = [ipaddress.ip_address(each) for each in found]
    for address in addresses:
        if not policy.allows(address):
            raise ContractError("url", "public addresses", str(address), why_not(address))
    if not addresses:
        raise ContractError("url", "a name that stands for an address", "none")
    return addresses[0]


def why_not(address: Address) -> str:
    """What whoever runs the control plane could do about it."""
    return f"{address} is not public: SIGNALBOX_WEBHOOK_NETWORKS may allow it."


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _inner(address: Address) -> Address:
    if isinstance(address, IPv6Address):
        packed = IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else None
        return address.ipv4_mapped or address.sixtofour or packed or address
    return address
