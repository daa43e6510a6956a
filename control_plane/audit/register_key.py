"""The key that signs the register's checkpoints: a file of its own, its public half an event.

The register names the one public key it is signed with, so a replica with another key file does
not sign a second history, and a checkpoint of years ago can be verified after a rotation.
"""

import base64
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from bentos.contract.errors import ContractError
from bentos.contract.register import Action, Outcome
from control_plane.audit.event_row import EVENTS
from control_plane.audit.offline.notes import LOG, VerifierKey
from control_plane.audit.service import Change, record
from control_plane.db import ReadSession, WriteSession
from control_plane.key_files import load_signing_key
from control_plane.principal import Principal

NAME = "register"
MEMBER = "public_key"


class RegisterSigner:
    """Holds the private key. ``public``: 32 bytes."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public = key.public_key().public_bytes_raw()

    def vkey(self, origin: str) -> VerifierKey:
        """The public key under the name it signs this origin's checkpoints with."""
        return VerifierKey(origin, LOG, self.public)

    def note(self, origin: str, size: int, root: bytes) -> str:
        """A signed checkpoint (C2SP tlog-checkpoint in a signed-note); the same bytes each time."""
        text = f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n"
        signature = self.vkey(origin).key_id + self._key.sign(text.encode())
        return f"{text}\n— {origin} {base64.b64encode(signature).decode()}\n"


def load_register_signer(folder: Path) -> RegisterSigner:
    """Read ``register.key``; raises ContractError."""
    return RegisterSigner(load_signing_key(folder / f"{NAME}.key"))


def recorded_keys(session: ReadSession) -> list[bytes]:
    """Every public key the register was signed with, the present one last."""
    query = select(EVENTS.c.diff).where(
        EVENTS.c.action == Action.REGISTER_KEY.value, EVENTS.c.outcome == Outcome.ALLOWED.value
    )
    changes = session.connection().scalars(query.order_by(EVENTS.c.seq))
    return [base64.b64decode(diff[MEMBER][1]) for diff in changes]


def enter_key(session: WriteSession, principal: Principal, signer: RegisterSigner) -> None:
    """Let the register be signed with this key from now on; an event unless it is so already."""
    known = recorded_keys(session)
    if known and known[-1] == signer.public:
        return
    before = {MEMBER: base64.b64encode(known[-1]).decode()} if known else None
    after = {MEMBER: base64.b64encode(signer.public).decode()}
    change = Change(action=Action.REGISTER_KEY, entity="register", before=before, after=after)
    record(session, principal, change)


def check_key(session: ReadSession, signer: RegisterSigner) -> None:
    """Raise ContractError unless the register is signed with this key, or with none yet."""
    known = recorded_keys(session)
    if known and known[-1] != signer.public:
        raise ContractError(
            "keys/register.key",
            "the key that the register is signed with",
            "another one",
            "Copy it from the home that signs; or run signalbox init here to sign with this one "
            "from now on.",
        )
