"""Every number of the ingress stands on its page, and the page promises none that is not there."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[3] / "docs" / "ingress.md"
PREFIX = "signalbox_ingress_"
TABLE = re.compile(r"^\| ((?:`[a-z_]+`(?: \(histogram\))?,? ?)+) \| ", re.MULTILINE)


def documented():
    page = PAGE.read_text().partition("## Metrics and health")[2]
    rows = TABLE.findall(page)
    return {name for row in rows for name in re.findall("`([a-z_]+)`", row)}


def test_all_of_it_is_documented(client):
    text = client.get("/metrics").text
    families = re.findall(rf"^# TYPE {PREFIX}(\S+) (\S+)$", text, re.MULTILINE)
    shown = {name: kind for name, kind in families if not name.endswith("_created")}
    assert len(shown) > 10
    assert shown.keys() == documented()
    for name, kind in shown.items():
        assert (kind == "counter") == name.endswith("_total"), name


def test_reasons_and_answers_are_those_of_the_page(client):
    page = PAGE.read_text()
    reasons = re.findall(
        rf'^{PREFIX}unauthorized_total{{reason="(\w+)"}}', client.get("/metrics").text, re.MULTILINE
    )
    assert set(reasons) == {"missing", "malformed", "signature", "shop"}
    assert all(f"`{reason}`" in page for reason in reasons)
