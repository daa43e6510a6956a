import msgspec

from bentos.contract.manifest import Manifest
from control_plane.registry.decoded import DecodedManifests
from control_plane.registry.models import VersionRow


def row(body):
    digest = msgspec.convert(body, Manifest).digest()
    return VersionRow(version=body["version"], manifest=body, manifest_digest=digest)


def test_a_manifest_is_decoded_once(manifest):
    decoded = DecodedManifests()
    first = row(manifest("fraud", 1))
    assert decoded.of(first).version == first.version
    held = decoded.of(first)
    assert decoded.of(row(manifest("fraud", 1))) is held


def test_only_the_last_used_are_kept(manifest):
    decoded = DecodedManifests(capacity=2)
    rows = [row(manifest("fraud", number)) for number in range(1, 4)]
    first, second = decoded.of(rows[0]), decoded.of(rows[1])
    assert decoded.of(rows[0]) is first
    decoded.of(rows[2])
    assert len(decoded) == 2
    assert decoded.of(rows[0]) is first
    assert decoded.of(rows[1]) is not second
