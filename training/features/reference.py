"""The part of docs/features.md that is made from the definitions: what every field means."""

from pathlib import Path

from bentos.contract.errors import ContractError
from training import atomic
from training.features.registry import VIEWS
from training.features.view import FeatureView

PAGE = Path(__file__).resolve().parents[2] / "docs" / "features.md"
BEGIN = "<!-- made from the definitions by: python -m training features check --write -->"
END = "<!-- end of what is made -->"


def text_of(view: FeatureView) -> str:
    """One view's paragraph and table, in Markdown."""
    rows = [
        f"| `{name}` | {view.columns[name]} | {meaning} |" for name, meaning in view.fields.items()
    ]
    believed = f"Entity `{view.entity}`, believed for {view.ttl.days} days"
    head = (
        f"### {view.tag}",
        "",
        f"{view.about} {believed}, definition `{view.digest[:16]}…`.",
        "",
        "| field | type | meaning |",
        "|---|---|---|",
    )
    return "\n".join([*head, *rows, ""])


def made() -> str:
    """What stands between the two marks."""
    return "\n" + "\n".join(text_of(view) for view in VIEWS)


def is_current(page: Path = PAGE) -> bool:
    """Whether the page says what the definitions say."""
    return _parts(page)[1] == made()


def write(page: Path = PAGE) -> None:
    """Bring the page up to the definitions."""
    before, _, after = _parts(page)
    atomic.write_bytes(page, f"{before}{BEGIN}{made()}{END}{after}".encode())


def _parts(page: Path) -> tuple[str, str, str]:
    text = page.read_text("utf-8")
    before, mark, rest = text.partition(BEGIN)
    held, end, after = rest.partition(END)
    if not mark or not end:
        raise ContractError(str(page.name), f"the marks {BEGIN} and {END}", "none")
    return before, held, after
