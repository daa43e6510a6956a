import re
from pathlib import Path

from control_plane.metrics import Metrics


def test_what_happened_is_counted_with_its_unit():
    metrics = Metrics()
    metrics.passed(failed=False)
    metrics.passed(failed=True)
    metrics.announced(0.004)
    metrics.in_force("routes", 17)
    metrics.gauge("stream_subscribers", "Streams.", lambda: 3)
    text = metrics.expose().decode()
    for line in (
        'signalbox_control_plane_publisher_passes_total{outcome="failed"} 1.0',
        'signalbox_control_plane_publisher_passes_total{outcome="ok"} 1.0',
        'signalbox_control_plane_publish_seconds_bucket{le="0.0025"} 0.0',
        'signalbox_control_plane_publish_seconds_bucket{le="0.005"} 1.0',
        'signalbox_control_plane_document_revision{document="routes"} 17.0',
        "signalbox_control_plane_stream_subscribers 3.0",
    ):
        assert line in text


def test_a_plane_shows_its_publishes_and_streams(shop):
    shop.bootstrap()
    with shop.plane.holder("gateway").stream("GET", "/gateway/v1/documents") as stream:
        lines = stream.iter_lines()
        assert next(lines) == "event: document"
        answer = shop.plane.client(None).get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    values = dict(re.findall(r"^(\S+) ([0-9.e+-]+)$", answer.text, re.MULTILINE))
    prefix = "signalbox_control_plane"
    assert float(values[f"{prefix}_stream_subscribers"]) >= 1
    assert float(values[f"{prefix}_publish_seconds_count"]) >= 1
    assert float(values[f'{prefix}_document_revision{{document="routes"}}']) >= 1


PREFIX = "signalbox_control_plane_"
# What a gauge over states or revisions counts needs no further unit.
PLAIN = {"document_revision", "stream_subscribers", "database_up", "database_connections"}
UNITS = ("_seconds", "_total", "_events", "_bytes", "_fds")
PLAIN |= {
    "releases",
    "kills_in_force",
    "models_without_consent",
    "night_let_go",
    "night_outcome",
    "redactions_open",
    "webhook_deliveries_pending",
    "webhook_deliveries_dead",
}


def families(text):
    return {
        name: kind
        for name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE)
        if not name.endswith("_created") and name.startswith(PREFIX)
    }


def test_all_of_it_is_documented_and_named_by_its_unit(shop):
    shop.bootstrap()
    shop.plane.holder("admin").post("/api/v1/register/checkpoint")
    text = shop.plane.client(None).get("/metrics").text
    page = (Path(__file__).parents[2] / "docs/metrics.md").read_text()
    documented = {
        name
        for row in re.findall(r"^\| (`.*?) \|", page, re.MULTILINE)
        for name in row.split("`")[1::2]
    }
    shown = {name.removeprefix(PREFIX): kind for name, kind in families(text).items()}
    assert len(shown) > 15
    assert shown.keys() == {name for name in documented if re.fullmatch("[a-z_]+", name)}
    for name, kind in shown.items():
        assert name in PLAIN or name.endswith(UNITS), name
        assert (kind == "counter") == name.endswith("_total"), name


def test_what_is_refused_and_sent_again_is_counted(plane):
    def value(line):
        text = plane.client(None).get("/metrics").text
        found = re.search(rf"^{PREFIX}{re.escape(line)} (\S+)$", text, re.MULTILINE)
        return float(found[1]) if found else 0.0

    manager, key = plane.person("release_manager"), {"Idempotency-Key": "counted"}
    body = {"starts_at": "2099-01-01T00:00:00Z", "ends_at": "2099-01-02T00:00:00Z", "reason": "r"}
    nobody = plane.client("sbx_nobody_" + "0" * 43)
    sign_in = {"person": "nobody", "password": "x" * 20}
    headers = {"Origin": plane.url, "Sec-Fetch-Site": "same-origin"}
    counted = {
        'sign_in_failures_total{method="key"}': lambda: nobody.get("/api/v1/models"),
        'sign_in_failures_total{method="password"}': lambda: plane.client(None).post(
            "/api/v1/session", json=sign_in, headers=headers
        ),
        'denials_total{status="403"}': lambda: manager.get("/api/v1/people"),
        "replays_total": lambda: manager.post("/api/v1/freezes", json=body, headers=key),
        'requests_total{method="GET",route="/api/v1/versions/{version}",status="404"}': (
            lambda: manager.get("/api/v1/versions/none:1")
        ),
    }
    manager.post("/api/v1/freezes", json=body, headers=key)
    for line, cause in counted.items():
        before = value(line)
        cause()
        assert value(line) == before + 1, line


def test_jobs_tell_when_they_last_ended_well(plane):
    metrics = Metrics()
    assert 'job_success_timestamp_seconds{job="upkeep"} 0.0' in metrics.expose().decode()
    metrics.ran("upkeep", failed=True)
    text = metrics.expose().decode()
    assert 'job_runs_total{job="upkeep",outcome="failed"} 1.0' in text
    assert 'job_success_timestamp_seconds{job="upkeep"} 0.0' in text

    def all_ran():
        text = plane.client(None).get("/metrics").text
        times = re.findall(r"job_success_timestamp_seconds\{job=.(\w+).\} (\S+)", text)
        # The register is signed once a minute.
        return all(float(at) > 0 for job, at in times if job != "checkpointer")

    plane.wait(all_ran, "a run of every job")
