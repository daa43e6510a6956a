import msgspec
import pytest

from bentos.contract.errors import ContractError
from control_plane.fleet.desired import Desired, DesiredFile, DesiredVersion, decode_desired

DESIRED = Desired(
    versions=(
        DesiredVersion(
            version="fraud:20260101-00000000", model="fraud", bento_digest="a" * 64, replicas=2
        ),
    )
)


def test_what_was_stored_is_loaded(tmp_path):
    file = DesiredFile(tmp_path / "fleet" / "desired.json")
    assert file.load() is None
    file.store(msgspec.json.encode(DESIRED))
    assert file.load() == DESIRED
    assert [path.name for path in (tmp_path / "fleet").iterdir()] == ["desired.json"]


@pytest.mark.parametrize(
    ("data", "names"),
    [
        (b"", "truncated"),
        (b"[]", "Expected `object`"),
        (b'{"versions":[{"version":"fraud:1"}]}', "$.versions[0]"),
        (b'{"versions":[{"version":1,"model":"f","bento_digest":""}]}', "$.versions[0].version"),
    ],
)
def test_a_damaged_state_names_where_it_is_damaged(data, names):
    with pytest.raises(ContractError) as caught:
        decode_desired(data, "desired state")
    assert caught.value.field == "desired state"
    assert names in caught.value.got


def test_negative_replicas_are_refused():
    data = msgspec.json.encode(DESIRED).replace(b'"replicas":2', b'"replicas":-1')
    with pytest.raises(ContractError, match=r"fraud:20260101-00000000.replicas: expected ≥ 0"):
        decode_desired(data, "desired state")
