"""Equal figures give equal bytes, whenever they are drawn."""

import xml.etree.ElementTree as ET

from bentos.contract.manifest import OfflineMetrics
from training.nightly import plots
from training.nightly.bootstrap import Improvement

OFFLINE = OfflineMetrics(
    protocol="p",
    primary="auc",
    higher_is_better=True,
    model={"auc": 0.9, "brier": 0.1},
    baseline_name="b",
    baseline={"auc": 0.5, "brier": 0.2},
)
FOUND = Improvement(
    champion=0.8,
    challenger=0.9,
    low=0.05,
    middle=0.1,
    high=0.2,
    rows=9,
    groups=9,
    draws=9,
    level=0.95,
)


def drawn():
    return [
        plots.figures(OFFLINE),
        plots.interval(FOUND, "fraud:1", 0.05),
        plots.windows({"train": 900, "test": 100}),
    ]


def test_plots_are_equal_byte_for_byte_and_well_formed():
    documents = drawn()
    assert drawn() == documents
    for document in documents:
        assert ET.fromstring(document).tag == "{http://www.w3.org/2000/svg}svg"
        # The moment of drawing would make every card another.
        assert b"dc:date" not in document
    # Text stays text, for whoever reads the file.
    assert b"0.900" in documents[0]
    assert b"improvement on fraud:1" in documents[1]
