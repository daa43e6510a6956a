import pytest

from bentos.contract.errors import ContractError
from control_plane.follow.secret import check_reference, read_secret


def test_a_secret_is_a_file_or_a_variable(tmp_path, monkeypatch):
    (tmp_path / "upstream.key").write_text("sdk-abc\n")
    monkeypatch.setenv("SIGNALBOX_FOLLOW_KEY", "sdk-def")
    assert read_secret("file:upstream.key", tmp_path) == "sdk-abc"
    assert read_secret("env:SIGNALBOX_FOLLOW_KEY", tmp_path) == "sdk-def"


@pytest.mark.parametrize(
    "reference", ["sdk-live-secret", "file:../x", "file:/etc/passwd", "env:HOME", "env:PATH", ""]
)
def test_anything_else_is_no_reference_and_is_not_shown(reference):
    with pytest.raises(ContractError) as refused:
        check_reference(reference, "client_key")
    assert reference not in str(refused.value) or not reference


@pytest.mark.parametrize(
    "reference", ["file:upstream.none", "env:SIGNALBOX_FOLLOW_NONE", "file:upstream"]
)
def test_a_secret_that_is_not_there_is_said_by_its_reference(reference, tmp_path):
    (tmp_path / "upstream").write_text(" \n")
    with pytest.raises(ContractError, match=reference):
        read_secret(reference, tmp_path)


@pytest.mark.parametrize("name", ["admin.key", "webhooks.key", "pseudonym.key", "shopify-1.secret"])
def test_a_key_of_ours_is_never_read_as_it_would_be_sent_to_the_upstream(name, tmp_path):
    (tmp_path / name).write_text("sbx_1_secret")
    for ask in (
        lambda text: check_reference(text, "client_key"),
        lambda t: read_secret(t, tmp_path),
    ):
        with pytest.raises(ContractError, match="file:upstream"):
            ask(f"file:{name}")
