"""What differs, side by side in words: struck out what was, marked what is to be."""

from collections.abc import Mapping

from nicegui import html

Words = Mapping[str, str]
"""Names of members and what they are, in words."""


def difference(content: Words, earlier: Mapping[str, Words], caption: str) -> None:
    """``content`` beside earlier ones, by their heads."""
    with html.table().classes("diff"):
        html.caption(caption).classes("away")
        if earlier:
            with html.thead(), html.tr():
                html.th("").classes("corner")
                html.th("This one", scope="col")
                for head in earlier:
                    html.th(head, scope="col")
        with html.tbody():
            for name, value in content.items():
                _row(name, value, [each.get(name, "–") for each in earlier.values()])


def _row(name: str, value: str, earlier: list[str]) -> None:
    with html.tr():
        html.th(name, scope="row")
        changed = any(each != value for each in earlier)
        with html.td():
            (html.ins if changed else html.span)(value)
        for was in earlier:
            with html.td():
                if was == value:
                    html.span("same").classes("quiet")
                else:
                    (html.span if was == "–" else html.del_)(was)
