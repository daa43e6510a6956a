"""Pages that must keep up with the code."""

from pathlib import Path

import pytest
import typer

from control_plane.cli.app import app
from control_plane.cli.exit_code import ExitCode
from control_plane.config import Settings
from control_plane.people.attempts import (
    ADDRESS,
    KNOWN_BROWSER,
    PERSON,
    PERSON_FROM_ADDRESS,
    PRESENT_PASSWORD,
)
from control_plane.principal import SERVICES, Role

DOCS = Path(__file__).parents[1] / "docs"


@pytest.mark.parametrize("setting", sorted(Settings.model_fields))
def test_every_setting_is_described(setting):
    assert f"`SIGNALBOX_{setting.upper()}`" in (DOCS / "control-plane.md").read_text()


@pytest.mark.parametrize("name", [*(r.value for r in Role if r is not Role.SERVICE), *SERVICES])
def test_every_role_and_service_is_described(name):
    assert f"`{name}`" in (DOCS / "control-plane.md").read_text()


def test_every_command_is_described():
    page = (DOCS / "cli.md").read_text()
    group = typer.main.get_command(app)
    for name, command in group.commands.items():
        assert f"signalbox {name}" in page
        for verb in getattr(command, "commands", {}):
            assert verb in page, f"signalbox {name} {verb}"


@pytest.mark.parametrize("code", ExitCode)
def test_every_exit_code_is_described(code):
    assert f"| {code.value} | " in (DOCS / "cli.md").read_text()


def test_the_limits_of_guessing_are_described():
    page = (DOCS / "people.md").read_text()
    rules = (ADDRESS, PERSON_FROM_ADDRESS, PERSON, KNOWN_BROWSER, PRESENT_PASSWORD)
    table = [line.split("|")[2:4] for line in page.splitlines() if line.endswith(" min |")]
    told = [(int(free), 60 * int(wait.split()[0])) for free, wait in table]
    assert told == [(rule.free, rule.most_s) for rule in rules]
