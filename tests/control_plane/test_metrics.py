import re

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
