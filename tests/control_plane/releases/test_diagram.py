from pathlib import Path

import pytest

from bentos.contract.errors import ContractError
from control_plane.releases.diagram import redraw

PAGE = Path(__file__).parents[3] / "docs" / "releases.md"


def test_the_page_is_drawn_from_the_table():
    page = PAGE.read_text()
    assert redraw(page) == page, "run: python -m control_plane.releases.diagram docs/releases.md"


def test_a_page_without_markers_is_refused():
    with pytest.raises(ContractError):
        redraw("# Releases\n")
