import structlog

from gateway.shopify_secrets import read_secrets

SECRET = "shpss_0123456789abcdef0123456789abcdef"


def put(folder, name, text, mode=0o600):
    path = folder / name
    path.write_text(text)
    path.chmod(mode)


def test_secrets_come_from_files_and_variables_in_the_document_s_order(tmp_path, monkeypatch):
    put(tmp_path, "new.secret", f"{SECRET}\n")
    monkeypatch.setenv("SIGNALBOX_SHOPIFY_OLD", "an older secret, of this same app")
    references = ["file:new.secret", "env:SIGNALBOX_SHOPIFY_OLD"]
    assert read_secrets(references, tmp_path) == (
        SECRET.encode(),
        b"an older secret, of this same app",
    )


def test_what_cannot_be_read_is_said_and_left_out(tmp_path):
    put(tmp_path, "open.secret", SECRET, 0o644)
    put(tmp_path, "short.secret", "hush")
    put(tmp_path, "long.secret", "x" * 5000)
    put(tmp_path, "good.secret", SECRET)
    (tmp_path / "folder.secret").mkdir()
    references = [
        "file:open.secret",
        "file:short.secret",
        "file:long.secret",
        "file:missing.secret",
        "file:folder.secret",
        "file:../good.secret",
        "env:HOME",
        "env:SIGNALBOX_SHOPIFY_NOWHERE",
        "file:good.secret",
    ]
    with structlog.testing.capture_logs() as logs:
        assert read_secrets(references, tmp_path) == (SECRET.encode(),)
    assert [entry["reference"] for entry in logs] == references[:-1]
    assert SECRET not in str(logs)
