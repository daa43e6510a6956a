"""One attempt: to the address that was judged, under its name, within its time."""

import asyncio
import datetime as dt
import ipaddress
import socket
import ssl
import threading
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bentos.contract.errors import ContractError
from control_plane.webhooks.address import AddressPolicy, parse_networks
from control_plane.webhooks.sender import Sender, resolve

LOCAL = AddressPolicy(parse_networks("127.0.0.0/8"), http=True)
OK = b"HTTP/1.1 204 No Content\r\n\r\n"


class Peer:
    """Answers every connection with the same bytes, and keeps what it was sent."""

    def __init__(self, answer=OK, context=None):
        self.answer, self.context = answer, context
        self.heads, self.names = [], []
        if context is not None:
            context.sni_callback = lambda _, name, __: self.names.append(name)

    async def __aenter__(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0, ssl=self.context)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self.server.close()

    async def serve(self, reader, writer):
        try:
            self.heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
            for piece in self.answer if isinstance(self.answer, list) else [self.answer]:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0.05)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


async def send(url, policy=LOCAL, timeout_s=60.0, ca_file=None, addresses=("127.0.0.1",)):
    asked = []

    async def resolver(host, port):
        asked.append((host, port))
        return addresses

    sender = Sender(policy, timeout_s, ca_file, resolver)
    try:
        return await sender.send(url, {"webhook-id": "msg_1"}, b"{}"), asked
    finally:
        await sender.close()


async def test_the_resolved_address_is_the_one_connected_to():
    async with Peer() as peer:
        answer, asked = await send(f"http://hooks.example:{peer.port}/a?b=c")
    assert answer.is_success
    # Asked once: nobody could have said another thing the second time.
    assert asked == [("hooks.example", peer.port)]
    head = peer.heads[0].lower()
    assert head.startswith("post /a?b=c http/1.1")
    assert f"host: hooks.example:{peer.port}" in head
    assert "webhook-id: msg_1" in head


@pytest.mark.parametrize(
    "addresses", [("10.0.0.1",), ("169.254.169.254",), ("127.0.0.1", "::1"), ()]
)
async def test_a_name_that_stands_for_an_inner_address_is_refused(addresses):
    async with Peer() as peer:
        answer, _ = await send(f"http://hooks.example:{peer.port}/", addresses=addresses)
    assert answer.status is None
    assert answer.error.startswith("refused: ")
    assert peer.heads == []


async def test_a_policy_that_became_stricter_holds_for_what_was_subscribed_before():
    async with Peer() as peer:
        answer, _ = await send(f"http://127.0.0.1:{peer.port}/", policy=AddressPolicy())
    assert "refused" in answer.error
    assert peer.heads == []


@pytest.mark.parametrize("disguise", ["2130706433", "0x7f.1", "127.1", "localhost"])
async def test_disguises_of_an_inner_address_are_judged_once_resolved(disguise):
    async with Peer() as peer:
        sender = Sender(AddressPolicy(http=True), 60.0)
        try:
            answer = await sender.send(f"http://{disguise}:{peer.port}/", {}, b"{}")
        finally:
            await sender.close()
    assert answer.status is None
    assert peer.heads == []


async def test_a_redirect_is_a_failure_and_not_followed():
    async with Peer() as inner:
        there = f"HTTP/1.1 307 x\r\nlocation: http://127.0.0.1:{inner.port}/\r\n\r\n".encode()
        async with Peer(there) as peer:
            answer, _ = await send(f"http://hooks.example:{peer.port}/")
    assert (answer.status, answer.is_success) == (307, False)
    assert inner.heads == []


async def test_an_endless_body_is_not_read():
    head = b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n"
    begun = time.monotonic()
    # Read to its end, it would take a hundred seconds.
    async with Peer([head, *[b"x" * 65_536] * 2000]) as peer:
        answer, _ = await send(f"http://hooks.example:{peer.port}/")
    assert answer.is_success
    assert time.monotonic() - begun < 30


@pytest.mark.parametrize(
    ("answer", "timeout_s", "error"),
    [
        ([b"HTTP/1.1 200 OK\r\n", *[b"x: y\r\n"] * 100], 0.5, "no answer within 0.5 s"),
        (b"HTTP/1.1 200 OK\r\nx: " + b"y" * 200_000 + b"\r\n\r\n", 60.0, "RemoteProtocolError"),
        (b"SSH-2.0-OpenSSH\r\n", 60.0, "RemoteProtocolError"),
        (b"", 60.0, "RemoteProtocolError"),
    ],
)
async def test_a_receiver_that_dribbles_floods_or_talks_nonsense_fails(answer, timeout_s, error):
    async with Peer(answer) as peer:
        got, _ = await send(f"http://hooks.example:{peer.port}/", timeout_s=timeout_s)
    assert got.status is None
    assert error in got.error
    assert len(got.error) <= 200


async def test_retry_after_is_read():
    async with Peer(b"HTTP/1.1 503 x\r\nretry-after: 77\r\n\r\n") as peer:
        answer, _ = await send(f"http://hooks.example:{peer.port}/")
    assert (answer.status, answer.retry_after_s) == (503, 77)


def certificate(tmp_path, name):
    """A server's context for this name, and the file of who signed it."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = dt.datetime.now(dt.UTC)
    names = [x509.DNSName(name), x509.IPAddress(ipaddress.ip_address("127.0.0.9"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, private = tmp_path / "ca.pem", tmp_path / "key.pem"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, private)
    return context, pem


async def test_tls_is_for_the_name_not_for_the_address(tmp_path):
    context, pem = certificate(tmp_path, "hooks.example")
    async with Peer(context=context) as peer:
        good, _ = await send(f"https://hooks.example:{peer.port}/", ca_file=pem)
        other, _ = await send(f"https://other.example:{peer.port}/", ca_file=pem)
        untrusted, _ = await send(f"https://hooks.example:{peer.port}/")
    assert good.is_success
    assert peer.names[0] == "hooks.example"
    for refused in (other, untrusted):
        assert refused.status is None
        assert "certificate" in refused.error.lower()
    assert len(peer.heads) == 1


def test_a_file_without_certificates_is_refused(tmp_path):
    (tmp_path / "ca.pem").write_text("nothing")
    for path in (tmp_path / "ca.pem", tmp_path / "nowhere.pem"):
        with pytest.raises(ContractError, match="SIGNALBOX_WEBHOOK_CA_FILE"):
            Sender(LOCAL, 1.0, path)


async def test_name_servers_that_do_not_answer_hold_up_nothing_else(monkeypatch):
    answered = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answered.wait(240) and [])
    asked = [asyncio.create_task(resolve("slow.example", 443)) for _ in range(40)]
    try:
        # More than the loop has threads, which the database is asked in.
        await asyncio.sleep(0)
        async with asyncio.timeout(60):
            await asyncio.to_thread(time.monotonic)
    finally:
        answered.set()
        await asyncio.gather(*asked)
