"""Names and values, one under the other."""

from collections.abc import Callable, Mapping

from nicegui import html

Value = str | Callable[[], object]


def facts(values: Mapping[str, Value]) -> None:
    """Draw them; a value is text or draws itself."""
    with html.dl().classes("facts"):
        for name, value in values.items():
            html.dt(name)
            if isinstance(value, str):
                html.dd(value)
            else:
                with html.dd():
                    value()
