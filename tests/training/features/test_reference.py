"""docs/features.md holds what the definitions say."""

from training.features import reference


def test_the_page_says_what_the_definitions_say():
    assert reference.is_current()


def test_a_page_that_says_something_else_is_brought_up_to_date(tmp_path):
    page = tmp_path / "features.md"
    page.write_text(f"before\n{reference.BEGIN}\nlast year's\n{reference.END}\nafter\n")
    assert not reference.is_current(page)
    reference.write(page)
    assert reference.is_current(page)
    assert page.read_text().startswith("before\n")
    assert page.read_text().endswith("\nafter\n")
