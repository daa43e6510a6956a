"""Bad input at the command line: one line that names it, exit code 2, nothing written."""

import json
import subprocess
import sys

import pytest

from tests.training.consents import give_consents
from tests.training.made_up_shop import run_training, write_orders_export


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("run", "--model", "frauds"), "--model: expected one of"),
        (("run",), "Missing option '--model'"),
        (("step", "dream"), "step: expected one of"),
        (("run", "--model", "fraud", "--orders", "nowhere.csv"), "--orders: expected a file"),
        (("run", "--model", "fraud", "--mapping", "nothing"), "--mapping: expected one of"),
    ],
)
def test_bad_arguments_exit_2(tmp_path, arguments, complaint):
    home = tmp_path / "home"
    done = run_training(home, *arguments)
    assert done.returncode == 2, done.stderr
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert not (home / "lake").exists()


def test_a_bad_setting_is_named(tmp_path):
    done = run_training(tmp_path, "run", "--model", "fraud", SIGNALBOX_UNIT_COST_RATIO="2")
    assert done.returncode == 2
    assert "SIGNALBOX_UNIT_COST_RATIO" in done.stderr
    assert "got '2'" in done.stderr


def test_mixed_currencies_exit_2_and_leave_no_lines(tmp_path):
    row = {
        "Email": "a@example.com",
        "Financial Status": "paid",
        "Created at": "2024-05-01 10:00:00 +0000",
        "Lineitem quantity": "1",
        "Lineitem name": "Mug",
        "Lineitem price": "3.00",
    }
    path = write_orders_export(
        tmp_path / "mixed.csv",
        [row | {"Name": "#1", "Currency": "EUR"}, row | {"Name": "#2", "Currency": "USD"}],
    )
    home = tmp_path / "home"
    give_consents(home)
    done = run_training(
        home, "step", "sync", "--orders", str(path), "--consent-basis", "contract: test"
    )
    assert done.returncode == 2
    assert "mixed.csv column 'Currency' row 2" in done.stderr
    assert not (home / "lake").exists()


def test_a_step_prints_what_it_gives(trained):
    done = run_training(
        trained.home,
        *("step", "evaluate", "--model", "pricing", "--orders", str(trained.orders)),
        *("--consent-basis", "contract: test"),
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["offline"] == trained.manifest(3)["offline"]


def test_registering_without_a_control_plane_is_an_error_not_a_crash(trained, tmp_path):
    key = tmp_path / "trainer.key"
    key.write_text("sbx_000000000000_" + "x" * 43)
    done = run_training(
        trained.home,
        *("register", "--manifest", trained.report["versions"][0]["manifest_path"]),
        *("--control-plane", "http://127.0.0.1:9", "--key-file", str(key)),
    )
    assert done.returncode == 1
    assert "/api/v1/versions" in done.stderr
    assert "x" * 43 not in done.stderr


def test_what_is_no_manifest_is_not_sent(tmp_path):
    path = tmp_path / "manifest.json"
    path.write_text("{}")
    key = tmp_path / "trainer.key"
    key.write_text("sbx_000000000000_" + "x" * 43)
    done = run_training(
        tmp_path,
        *("register", "--manifest", str(path), "--control-plane", "http://127.0.0.1:9"),
        *("--key-file", str(key)),
    )
    assert done.returncode == 2
    assert "a manifest" in done.stderr


def test_the_command_line_loads_what_a_command_needs_when_it_needs_it():
    # A sync in 300 MB has no 60 MB for the packaging of models, and none for Arrow and pandas.
    heavy = {"bentoml", "mlflow", "onnxruntime", "pandas", "pyarrow", "sklearn"}
    code = f"import sys, training.cli, training.shop.sync; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
