"""The key that turns a shopper into a pseudonym, from this machine's keys."""

from pathlib import Path

from bentos.contract.errors import ContractError
from bentos.contract.identity import Pseudonymizer

PSEUDONYM_KEY_ID = "local-1"


def load_pseudonymizer(path: Path) -> Pseudonymizer:
    """Read the key; raises ContractError when it is missing or no key."""
    try:
        return Pseudonymizer(PSEUDONYM_KEY_ID, bytes.fromhex(path.read_text().strip()))
    except OSError as error:
        raise ContractError(
            str(path), "the pseudonym key", str(error), "Run `signalbox init`."
        ) from error
    except ValueError as error:
        raise ContractError(str(path), "32 bytes in hex", "something else") from error
