"""What slow tests name of a module is there: they run seldom, and would tell only then.

An import that fails is seen when tests are collected; ``module.part`` only when the line runs.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = {"bentos", "control_plane", "demo", "gateway", "load_tests", "training", "tests"}


def slow_tests() -> list[tuple[Path, str]]:
    files = ((path, path.read_text(encoding="utf-8")) for path in ROOT.glob("tests/**/test_*.py"))
    return [(path, text) for path, text in files if "mark.slow" in text]


def missing(text: str, root: Path = ROOT) -> list[str]:
    """Parts of modules of ours that this text names and that are not there."""
    tree = ast.parse(text)
    here = modules_in(tree, root)
    parts = {name: named_by(path) for name, path in here.items()}
    return [
        f"{node.value.id}.{node.attr} (line {node.lineno})"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.attr not in parts.get(node.value.id, {node.attr})
    ]


def modules_in(tree: ast.Module, root: Path) -> dict[str, Path]:
    """Name → the module of ours it stands for here, where it stands for nothing else."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            folder = node.module.split(".")
            if folder[0] in PACKAGES:
                names = {alias.asname or alias.name: alias.name for alias in node.names}
                files = {name: root.joinpath(*folder, f"{of}.py") for name, of in names.items()}
                found |= {name: path for name, path in files.items() if path.is_file()}
    others = {name for node, name in bindings(tree) if not isinstance(node, ast.alias)}
    return {name: path for name, path in found.items() if name not in others}


def named_by(module: Path) -> set[str]:
    """Whatever its text gives a name to, at any depth: rather too much than too little."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    return {name for _, name in bindings(tree)} | {"__name__", "__file__", "__doc__"}


def bindings(tree: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node, node.name
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node, node.id
        elif isinstance(node, ast.arg):
            yield node, node.arg
        elif isinstance(node, ast.alias):
            yield node, node.asname or node.name.partition(".")[0]


def test_what_slow_tests_name_of_a_module_is_there():
    tests = slow_tests()
    found = {path.relative_to(ROOT).as_posix(): missing(text) for path, text in tests}
    assert {path: gone for path, gone in found.items() if gone} == {}
    assert len(tests) > 50


def test_a_part_that_is_gone_is_found(tmp_path):
    (tmp_path / "training").mkdir()
    (tmp_path / "training" / "run.py").write_text("def run(): ...\n")
    text = "from training import run as runs\nruns.run()\nruns._sales()\n"
    assert missing(text, tmp_path) == ["runs._sales (line 3)"]
    assert missing(f"{text}runs = None\n", tmp_path) == []
