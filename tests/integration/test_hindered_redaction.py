"""What training cannot read is seen by whoever looks after law requests, until it is mended."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bentos import redaction_files
from control_plane.config import Settings
from control_plane.db import Database
from control_plane.init import initialise
from control_plane.redactions import service
from control_plane.redactions.redactor import Redactor
from tests.redaction_request import redaction_request
from training.redaction import honouring
from training.settings import Settings as TrainingSettings

DECISIONS = "could not go through personal/day=2026-11-20/model=fraud/a.parquet (cut off)"
SUBJECT, OTHER = "A" * 26, "B" * 26
LINES = pa.table(
    {
        "customer_id": [SUBJECT, OTHER],
        "order_id": ["1", "2"],
        "product_id": pa.array([1, 2], pa.int64()),
        "ordered_at": pa.array([0, 1], pa.timestamp("us")),
        "is_return": [False, False],
    }
)


@pytest.fixture
def home(tmp_path):
    initialise(Settings(home=tmp_path, shop="demo-shop"), "admin")
    request = redaction_request(subjects=(SUBJECT,), due_at="2126-12-20T10:00:00Z")
    redaction_files.write_request(tmp_path, request)
    for name in ("first", "second"):
        path = tmp_path / "lake" / "orders" / name / "lines.parquet"
        path.parent.mkdir(parents=True)
        pq.write_table(LINES, path)
    return tmp_path


@pytest.fixture
def looked_after(home):
    """The request's row after a pass of the control plane, and what that met."""
    database = Database(Settings(home=home).database)
    redactor = Redactor(home, database, lambda: None, lambda: DECISIONS)

    def row():
        problems = redactor.run()
        with database.read() as session:
            return service.get_request(session, "r-17"), problems

    yield row
    database.dispose()


def test_a_cut_off_file_is_seen_there_and_the_request_ends_once_it_is_whole(home, looked_after):
    training = TrainingSettings(home=home, shop="demo-shop")
    broken, whole = (home / "lake/orders" / each / "lines.parquet" for each in ("first", "second"))
    content = broken.read_bytes()
    broken.write_bytes(content[:-20])
    assert honouring.honour(training).made == ()
    seen, problems = looked_after()
    assert "could not go through lake/orders/first/lines.parquet" in seen.hindrance
    assert seen.hindrance in problems[0]
    assert pq.read_table(whole)["customer_id"].to_pylist() == [OTHER]
    broken.write_bytes(content)
    assert len(honouring.honour(training).made) == 1
    seen, problems = looked_after()
    # The erasure of decisions, ordered in the first pass, goes on by itself.
    assert seen.hindrance is None
    assert [DECISIONS in each for each in problems] == [True]
    # Of both tries.
    assert seen.places["training"]["removed"] == {"lake/orders": 2}
    assert pq.read_table(broken)["customer_id"].to_pylist() == [OTHER]
