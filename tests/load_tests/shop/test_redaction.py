"""The redaction drill at a fraction of its size, and what its measure cannot overlook."""

import base64
import json
from collections import Counter

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from load_tests import bench_shop
from load_tests.shop.other_rows import differing, rows_without, total
from load_tests.shop.planted_places import Place, PlantedReader
from load_tests.shop.subjects import subjects

KEY = bytes.fromhex("ab" * 32)
PEOPLE = subjects(3, "demo-shop", KEY, 1_795_000_000)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_small_drill_holds(tmp_path, capsys):
    arguments = ["redaction", "--redaction-subjects", "3", "--redaction-others", "2"]
    arguments += ["--redaction-engines", "sqlite", "--redaction-models", "fraud"]
    arguments += ["--redaction-kills", "1", "--folder", str(tmp_path)]
    code = bench_shop.main(arguments)
    part = json.loads(capsys.readouterr().out.splitlines()[-1])["parts"]["redaction"]
    missed = [claim["name"] for claim in part["claims"] if not claim["floor_held"]]
    assert (code, missed) == (0, [])
    assert part["figures"]["sqlite: findings before"] > 300


def test_each_shopper_has_texts_of_their_own_that_contain_nobody_else_s():
    texts = [text for who in PEOPLE for text in who.texts()]
    assert len(texts) == len(set(texts))
    for who in PEOPLE:
        others = [text for other in PEOPLE if other is not who for text in other.texts()]
        assert not [(a, b) for a in who.texts() for b in others if a in b]


def test_a_place_that_lacks_one_of_them_in_one_way_is_counted(tmp_path):
    place = Place("place", ("*.txt",), ("customer", "order"))
    reader = PlantedReader(PEOPLE)
    said = [who.names["customer"] for who in PEOPLE] + [str(who.orders[2]) for who in PEOPLE[1:]]
    (tmp_path / "a.txt").write_text("\n".join(said))
    found = reader.in_files(tmp_path, place)
    assert reader.lacking(place, found) == 1
    assert reader.raw(found) == []
    (tmp_path / "b.txt").write_bytes(PEOPLE[0].number.to_bytes(8, "little"))
    found = reader.in_files(tmp_path, place)
    assert {each.text for each in reader.raw(found)} == {str(PEOPLE[0].number)}


def test_a_pseudonym_is_found_as_the_bytes_of_its_digest(tmp_path):
    name = PEOPLE[1].names["customer as key"]
    (tmp_path / "a").write_bytes(b"..." + base64.b32decode(name + "A" * 6)[:17] + b"...")
    assert {each.text for each in PlantedReader(PEOPLE).below(tmp_path)} == {name}


def test_a_row_of_somebody_else_that_goes_or_changes_is_counted(tmp_path):
    path = tmp_path / "lake/outcomes/outcomes.parquet/part-00000000.parquet"
    path.parent.mkdir(parents=True)
    (tmp_path / "ingress").mkdir()
    gone = str(PEOPLE[0].orders[0])

    def looked(*rows):
        names, amounts = zip(*rows, strict=True)
        pq.write_table(pa.table({"order": names, "amount": amounts}), path)
        return {"outcomes": rows_without(tmp_path, [gone])["outcomes"]}

    before = looked((gone, 1), ("a", 1), ("b", 2), ("b", 2))
    assert total(before) == 3
    assert differing(before, looked(("b", 2), ("a", 1), ("b", 2))) == {"outcomes": 0}
    assert differing(before, looked(("b", 2), ("a", 3))) == {"outcomes": 2}
    assert isinstance(before["outcomes"], Counter)
