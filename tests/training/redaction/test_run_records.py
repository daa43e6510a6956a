import json

from training.redaction import run_records
from training.redaction.run_records import Scrub
from training.redaction.scope import Scope
from training.redaction.work import Work

SUBJECT = "ABCDEFGHIJKLMNOPQRSTUVWX27"


def scrubbed(value, orders=("5",)):
    scrub = Scrub([SUBJECT], orders)
    return scrub.value(value), scrub.found


def test_rows_of_an_order_go_wherever_a_record_shows_rows():
    rows = [{"Name": "5", "Lineitem": "1"}, {"Name": "6", "Lineitem": "5x"}]
    left, found = scrubbed({"steps": [{"attempts": 5, "findings": [{"rows": rows}]}]})
    assert left == {"steps": [{"attempts": 5, "findings": [{"rows": rows[1:]}]}]}
    assert found == 1


def test_a_short_order_number_in_other_words_is_no_order():
    said = "expected 5 columns, got {'order_id': '15', 'line': '1'} and {'line': '5'}"
    left, found = scrubbed({"error": said, "rows": 5}, orders=["15"])
    assert left == {"error": "expected 5 columns, got (erased) and {'line': '5'}", "rows": 5}
    assert found == 1


def test_a_pseudonym_goes_out_of_any_text_and_any_name():
    left, found = scrubbed({SUBJECT: [f"about {SUBJECT}, and others"]})
    assert left == {"(erased)": ["about (erased), and others"]}
    assert found == 2


def test_files_that_name_nobody_are_not_written_again(tmp_path):
    kept, named = tmp_path / "runs/nightly/1.json", tmp_path / "runs/lines/2.json"
    for path, text in ((kept, '{"error":  "5"}'), (named, f'{{"who": "{SUBJECT}"}}')):
        path.parent.mkdir(parents=True)
        path.write_text(text)
    half = tmp_path / "runs/nightly/half.json"
    half.write_text(f'{{"who": "{SUBJECT}')
    scope, work = Scope(subjects=(SUBJECT,)), Work(id="r", scope=Scope())
    run_records.count(tmp_path, scope, work)
    run_records.erase(tmp_path, scope, work)
    assert work.removed == {"lake/runs": 2}
    assert half.read_text() == "{}"
    assert kept.read_text() == '{"error":  "5"}'
    assert json.loads(named.read_text()) == {"who": "(erased)"}
