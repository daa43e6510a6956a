"""The house rules that a reader relies on, kept by the test run."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bentos.contract.register import Action

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("bentos", "control_plane", "demo", "gateway", "load_tests", "training")
# Folders of tests that mirror no source file: each is about several at once.
CROSS_CUTTING = {"acceptance", "golden", "integration", "open_protocol", "routing", "stand_in"}
MAX_LINES = 400
SETTINGS_PREFIX = "SIGNALBOX_"
LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)\)")
HEADING = re.compile(r"^#{1,6} +(?P<title>.+?) *$", re.MULTILINE)
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def sources() -> list[Path]:
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def documents() -> list[Path]:
    folders = ("docs", "load_tests")
    return sorted([*ROOT.glob("*.md"), *(p for f in folders for p in (ROOT / f).rglob("*.md"))])


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_imports_keep_to_the_picture():
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_bentos_package_is_empty():
    # Else `import bentos.contract` would drag in whatever stands there.
    assert (ROOT / "bentos" / "__init__.py").read_bytes() == b""


def test_demo_starts_processes_and_imports_none_of_them():
    ours = {"gateway", "control_plane", "training", "bentos"}
    found = {
        name
        for path in (ROOT / "demo").rglob("*.py")
        for name in imported_modules(path)
        if name.partition(".")[0] in ours and not name.startswith("bentos.contract")
    }
    assert found == set()


def imported_modules(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def test_no_file_is_longer_than_a_reader_s_patience():
    files = [*sources(), *(ROOT / "tests").rglob("*.py")]
    long = {relative(path): lines(path) for path in files if lines(path) > MAX_LINES}
    assert long == {}


def lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_every_source_file_says_where_it_stands():
    silent = [
        relative(path)
        for path in sources()
        if path.name != "__init__.py"
        and ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) is None
        and path.parent.name != "versions"
    ]
    assert silent == []


def test_tests_mirror_the_source():
    strays = []
    for path in (ROOT / "tests").rglob("test_*.py"):
        parts = path.relative_to(ROOT / "tests").parts
        if len(parts) == 1 or parts[0] in CROSS_CUTTING:
            continue
        name = parts[-1].removeprefix("test_").removesuffix(".py")
        folder = ROOT.joinpath(*parts[:-1])
        mirrored = (folder / f"{name}.py", folder / f"__{name}__.py", folder / name / "__init__.py")
        if not any(candidate.is_file() for candidate in mirrored):
            strays.append(relative(path))
    assert strays == []


def test_tests_are_no_packages():
    # importlib mode: the same file name may stand under many folders.
    assert [relative(path) for path in (ROOT / "tests").rglob("__init__.py")] == []


@pytest.mark.parametrize("path", documents(), ids=relative)
def test_internal_links_resolve(path):
    broken = []
    for target in LINK.findall(FENCED.sub("", path.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        there = (path.parent / file).resolve() if file else path
        if not there.exists() or (anchor and anchor not in anchors(there)):
            broken.append(target)
    assert broken == []


def module_exists(name: str) -> bool:
    place = ROOT.joinpath(*name.split("."))
    return place.with_suffix(".py").is_file() or (place / "__main__.py").is_file()


def anchors(path: Path) -> set[str]:
    """GitHub's anchors of a document's headings."""
    titles = HEADING.findall(FENCED.sub("", path.read_text(encoding="utf-8")))
    kept = (re.sub(r"[^\w\- ]", "", title.lower()) for title in titles)
    return {title.strip().replace(" ", "-") for title in kept}


@pytest.mark.parametrize("path", documents(), ids=relative)
def test_files_commands_and_modules_named_in_the_docs_exist(path):
    text = path.read_text(encoding="utf-8")
    files = [relative(source) for source in [*sources(), *(ROOT / "tests").rglob("*.py")]]
    missing = [
        name
        for name in re.findall(r"`([a-z_/]+\.py)`", text)
        if not any(f"/{file}".endswith(f"/{name}") for file in files)
    ]
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    missing += [
        name
        for name in re.findall(r"(?:`|^ {4})make ([a-z-]+)", text, re.MULTILINE)
        if name not in targets
    ]
    missing += [
        name for name in re.findall(r"python -m ([a-z_.]+[a-z_])", text) if not module_exists(name)
    ]
    assert missing == []


def test_every_setting_is_documented():
    documented = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    missing = {name for name in settings() if f"`{name}`" not in documented}
    assert missing == set()


def test_every_documented_setting_exists():
    documented = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert set(re.findall(rf"`({SETTINGS_PREFIX}[A-Z0-9_]+)`", documented)) <= settings()


def settings() -> set[str]:
    """Fields of every class with our prefix, and variables named outright."""
    found: set[str] = set()
    for path in sources():
        text = path.read_text(encoding="utf-8")
        found.update(re.findall(rf'"({SETTINGS_PREFIX}[A-Z0-9_]+)"', text))
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ClassDef) and f'env_prefix="{SETTINGS_PREFIX}"' in (
                ast.get_source_segment(text, node) or ""
            ):
                found.update(f"{SETTINGS_PREFIX}{name.upper()}" for name in fields(node))
    return found


def fields(node: ast.ClassDef) -> Iterator[str]:
    for statement in node.body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            yield statement.target.id


@pytest.mark.parametrize("action", list(Action))
def test_every_action_of_the_register_is_documented(action):
    documented = (ROOT / "docs" / "register.md").read_text(encoding="utf-8")
    assert f"`{action.value}`" in documented


def test_decisions_have_the_parts_of_a_decision_record():
    parts = ("Context", "Decision", "Consequences", "Alternatives")
    incomplete = {}
    for path in sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md")):
        text = path.read_text(encoding="utf-8")
        lacking = [part for part in parts if f"\n## {part}\n" not in text]
        lacking += [part for part in ("Status", "Date") if f"- {part}: " not in text]
        if lacking:
            incomplete[path.name] = lacking
    assert incomplete == {}


def test_locks_name_no_package_index():
    locks = [*ROOT.glob("*.lock"), *(ROOT / "tests").glob("*/js/package-lock.json")]
    assert len(locks) >= 3
    pattern = re.compile(r'"resolved": *"https?:|--(?:extra-)?index-url|registry *= *"https?:')
    assert [relative(path) for path in locks if pattern.search(path.read_text())] == []
