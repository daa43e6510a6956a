"""Events taken out in each form, and what was taken verifies without the control plane."""

import subprocess
import sys
import zipfile

import pytest
from playwright.sync_api import expect


@pytest.mark.slow
@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_an_export_is_saved_and_verifies_offline(here, open_page, tmp_path, form):
    here.bootstrap(1)
    page = open_page("compliance", path="/export")
    page.locator("select[name=form]").select_option(form)
    page.locator("[name=model]").fill(here.model)
    with page.expect_download() as download:
        page.get_by_role("button", name="Export").click()
    saved = tmp_path / download.value.suggested_filename
    download.value.save_as(saved)
    assert saved.name.startswith("register-1-")
    expect(page.locator("#export-said")).to_contain_text("It verifies anywhere")
    with zipfile.ZipFile(saved) as archive:
        archive.extract("verify.pyz", tmp_path)
        assert f"events.{form}" in archive.namelist()
    key = here.plane.home / "keys" / "register.pub"
    command = [sys.executable, str(tmp_path / "verify.pyz"), str(saved), "--key", str(key)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_what_is_wrong_with_an_export_is_said_in_words(open_page, visit):
    page = open_page("compliance", path="/export")
    page.get_by_label("To event").fill("999999999")
    page.get_by_role("button", name="Export").click()
    expect(page.locator("#export-said.problem")).to_contain_text("the register's size")
    # A refusal by the API is what this is about; the browser notes it as well.
    visit.complaints.clear()
