"""Commands that pages show are commands there are, with options that they take."""

import itertools
import re
import shlex
from pathlib import Path

import pytest
import typer

from control_plane.cli.app import app

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
LINE = re.compile(r"^(?:    |\$ )?(?:[A-Z_]+=\S+ )*signalbox (.*)", re.MULTILINE)
TAKES = re.compile(r"^--[a-z][a-z-]*")


def commands(page):
    """Of blocks: lines that begin with it, without what a shell does with them."""
    text = page.read_text().replace("\\\n", " ")
    fenced = "\n".join(
        re.findall(r"^```(?:sh|shell|bash|console)?\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    )
    indented = "\n".join(line for line in text.splitlines() if line.startswith("    "))
    for found in LINE.findall(f"{fenced}\n{indented}"):
        yield found.strip()


def words_of(line):
    """Until the shell's next command, redirection or comment; texts may go on in the next line."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    try:
        return list(itertools.takewhile(lambda word: word[0] not in "|>&;", lexer))
    except ValueError:
        return line.split()


def wrong(line):
    """What is wrong with it, or None."""
    command = typer.main.get_command(app)
    words = words_of(line)
    while hasattr(command, "commands") and words:
        if words[0].isupper():
            # It stands for any command of the group.
            return None
        if words[0].startswith("-"):
            break
        name = words.pop(0)
        if name not in command.commands:
            return f"no such command: {name}"
        command = command.commands[name]
    known = {option for each in command.params for option in (*each.opts, *each.secondary_opts)}
    known.add("--help")
    passes_on = command.context_settings.get("ignore_unknown_options", False)
    asked = {found[0] for word in words if (found := TAKES.match(word))}
    return None if passes_on or asked <= known else f"no such option: {sorted(asked - known)}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_signalbox_command_of_a_page_is_there(page):
    found = {line: why for line in commands(page) if (why := wrong(line)) is not None}
    assert found == {}


def test_a_wrong_one_is_found():
    assert wrong("nights list --json") is None
    assert wrong("nights lists") == "no such command: lists"
    assert wrong("nights list --jason") == "no such option: ['--jason']"
    assert sum(1 for page in PAGES for _ in commands(page)) > 100
