from uuid import UUID

from control_plane.identifier import new_id


def test_identifiers_are_uuid_version_7():
    identifier = UUID(new_id())
    assert (identifier.version, identifier.variant) == (7, "specified in RFC 4122")


def test_identifiers_differ():
    assert len({new_id() for _ in range(1000)}) == 1000
