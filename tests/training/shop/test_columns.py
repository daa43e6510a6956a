from pathlib import Path

from training.shop.columns import KEPT, TABLES, redraw
from training.shop.rows import Rows

PAGE = Path(__file__).resolve().parents[3] / "docs" / "shop-data.md"


def test_the_page_names_every_column():
    page = PAGE.read_text(encoding="utf-8")
    assert redraw(page) == page
    assert all(f"`{column.name}`" in page for table in TABLES.values() for column in table.columns)


def test_keys_and_parents_are_columns():
    for table in TABLES.values():
        assert {*table.key, "updated_at"} <= set(table.names)
        assert table.parent is None or table.parent in table.names
        assert not set(table.names) & {column.name for column in KEPT}


def test_a_row_is_as_wide_as_its_table():
    rows = Rows(lambda number: f"pseudonym of {number}")
    line = (
        b'{"id":"gid://shopify/Customer/7","createdAt":"2026-11-24T03:00:00Z",'
        b'"updatedAt":"2026-11-24T04:00:00+02:00","firstName":"Anna"}'
    )
    table, values = rows.of_line(line)
    read = dict(zip(TABLES[table].names, values, strict=True))
    assert read["customer_id"] == "pseudonym of 7"
    assert str(read["updated_at"]) == "2026-11-24 02:00:00"
    assert "Anna" not in str(read)
