import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bentos.contract.errors import ContractError
from control_plane.publish.signing import load_signer


def test_another_kind_of_key_is_refused(tmp_path):
    key = generate_private_key(SECP256R1())
    path = tmp_path / "documents.key"
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(ContractError, match="Ed25519"):
        load_signer(path)
