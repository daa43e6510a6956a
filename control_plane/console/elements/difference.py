"""What differs, side by side in words: struck out what was, marked what is to be."""

from collections.abc import Mapping

from nicegui import html

Words = Mapping[str, str]
"""Names of members and what they are, in words."""


def difference(
    content: Words, earlier: Mapping[str, Words], caption: str, *, replaces: bool = True
) -> None:
    """``content`` beside others, by their heads. ``replaces``: they are to be no more."""
    with html.table(role="table").classes("diff" if replaces else "diff beside"):
        html.caption(caption).classes("away")
        if earlier:
            with html.thead(role="rowgroup"), html.tr(role="row"):
                html.td("", role="cell").classes("corner")
                html.th("This one", scope="col", role="columnheader")
                for head in earlier:
                    html.th(head, scope="col", role="columnheader")
        with html.tbody(role="rowgroup"):
            for name, value in content.items():
                _row(name, value, [each.get(name, "–") for each in earlier.values()])


def _row(name: str, value: str, earlier: list[str]) -> None:
    with html.tr(role="row"):
        html.th(name, scope="row", role="rowheader")
        changed = any(each != value for each in earlier)
        with html.td(role="cell"):
            (html.ins if changed else html.span)(value)
        for was in earlier:
            with html.td(role="cell"):
                if was == value:
                    html.span("same").classes("quiet")
                else:
                    (html.span if was == "–" else html.del_)(was)
