from pathlib import Path

import structlog

from bentos.shopify_secrets import ShopifySecrets

SECRET = "shpss_0123456789abcdef0123456789abcdef"
OTHER = "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"


def put(folder, name, text, mode=0o600):
    path = folder / name
    path.write_text(text)
    path.chmod(mode)


def read(references, folder):
    secrets = ShopifySecrets(folder)
    secrets.read(references)
    return secrets.of(references)


def test_secrets_come_from_files_and_variables_in_the_document_s_order(tmp_path, monkeypatch):
    put(tmp_path, "new.secret", f"{SECRET}\n")
    monkeypatch.setenv("SIGNALBOX_SHOPIFY_OLD", "an older secret, of this same app")
    references = ["file:new.secret", "env:SIGNALBOX_SHOPIFY_OLD"]
    assert read(references, tmp_path) == (
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
        assert read(references, tmp_path) == (SECRET.encode(),)
    assert [entry["reference"] for entry in logs] == references[:-1]
    assert SECRET not in str(logs)


def test_a_file_that_is_rewritten_in_place_is_read_again(tmp_path):
    put(tmp_path, "app.secret", SECRET)
    put(tmp_path, "other.secret", OTHER)
    references = ["file:app.secret", "file:other.secret", "env:SIGNALBOX_SHOPIFY_NOWHERE"]
    secrets = ShopifySecrets(tmp_path)
    secrets.read(references)
    assert not secrets.look()
    put(tmp_path, "app.secret", SECRET[::-1])
    assert secrets.look()
    assert secrets.of(references) == (SECRET[::-1].encode(), OTHER.encode())
    assert not secrets.look()


def test_until_a_rewritten_file_can_be_read_its_last_secret_stays(tmp_path):
    put(tmp_path, "app.secret", SECRET)
    secrets = ShopifySecrets(tmp_path)
    secrets.read(["file:app.secret"])
    with structlog.testing.capture_logs() as logs:
        for damage in (lambda path: path.write_text(""), lambda path: path.unlink()):
            damage(tmp_path / "app.secret")
            assert not secrets.look()
            assert not secrets.look()
            assert secrets.of(["file:app.secret"]) == (SECRET.encode(),)
    assert [entry["event"] for entry in logs] == ["shopify_secret_unreadable"] * 2
    put(tmp_path, "app.secret", OTHER)
    assert secrets.look()
    assert secrets.of(["file:app.secret"]) == (OTHER.encode(),)


def test_a_file_that_could_not_be_read_for_a_moment_is_read_unchanged(tmp_path, monkeypatch):
    put(tmp_path, "app.secret", SECRET)
    secrets = ShopifySecrets(tmp_path)
    secrets.read(["file:app.secret"])
    put(tmp_path, "app.secret", OTHER)

    def exhausted(*_):
        raise OSError(24, "Too many open files")

    with monkeypatch.context() as patch, structlog.testing.capture_logs() as logs:
        patch.setattr(Path, "open", exhausted)
        assert not secrets.look()
        assert not secrets.look()
    assert [entry["event"] for entry in logs] == ["shopify_secret_unreadable"]
    assert secrets.look()
    assert secrets.of(["file:app.secret"]) == (OTHER.encode(),)
    assert not secrets.look()


def test_a_new_document_forgets_what_it_does_not_name(tmp_path):
    put(tmp_path, "app.secret", SECRET)
    secrets = ShopifySecrets(tmp_path)
    secrets.read(["file:app.secret"])
    secrets.read([])
    assert secrets.of(["file:app.secret"]) == ()
