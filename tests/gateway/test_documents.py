"""A document that is not exactly what the control plane signed changes nothing."""

import dataclasses

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bentos.contract.documents import DocumentName, EndpointsBody, Revision, RoutesBody
from gateway.documents import DocumentRefused, DocumentStore, load_public_key
from tests.gateway.publisher import Publisher

BODY = EndpointsBody(versions={"fraud:20260101-aaaaaaaa": ("unix:/x",)})


@pytest.fixture
def publisher(tmp_path):
    return Publisher(tmp_path)


@dataclasses.dataclass
class Taken:
    bodies: list

    def __call__(self, name, body, revision):
        self.bodies.append((name, body, revision))


def open_store(publisher, taken):
    key = load_public_key(publisher.home / "keys" / "documents.pub")
    return DocumentStore(publisher.home / "documents", key, taken)


def test_what_is_accepted_is_found_again_after_a_restart(publisher):
    store = open_store(publisher, Taken([]))
    store.accept(*publisher.sign(DocumentName.ENDPOINTS, BODY))
    assert store.unkept
    store.keep()
    assert not store.unkept
    taken = Taken([])
    open_store(publisher, taken).load()
    assert taken.bodies == [(DocumentName.ENDPOINTS, BODY, Revision(1, 1))]


@pytest.mark.parametrize("damage", ["body", "digest", "signature", "garbage", "revision", "key"])
def test_a_document_that_was_changed_is_refused(publisher, damage):
    taken = Taken([])
    store = open_store(publisher, taken)
    header, body = publisher.sign(DocumentName.ENDPOINTS, BODY)
    replace = msgspec.structs.replace
    if damage == "body":
        body = body.replace(b"unix:/x", b"unix:/y")
    elif damage == "digest":
        header = replace(header, digest="0" * 64)
    elif damage == "signature":
        other, _ = publisher.sign(DocumentName.ENDPOINTS, BODY)
        header = replace(header, signature=other.signature)
    elif damage == "garbage":
        header = replace(header, signature="*not base64*")
    elif damage == "revision":
        header = replace(header, revision=Revision(9, 9))
    else:
        header, body = publisher.sign(
            DocumentName.ENDPOINTS, BODY, key=Ed25519PrivateKey.generate()
        )
    with pytest.raises(DocumentRefused):
        store.accept(header, body)
    assert taken.bodies == []
    assert store.refused == 1
    assert list(store._path.iterdir()) == []


def test_an_older_revision_is_refused_and_a_new_epoch_is_not(publisher):
    taken = Taken([])
    store = open_store(publisher, taken)
    store.accept(*publisher.sign(DocumentName.ENDPOINTS, BODY, Revision(1, 7)))
    with pytest.raises(DocumentRefused, match="older"):
        store.accept(*publisher.sign(DocumentName.ENDPOINTS, BODY, Revision(1, 6)))
    store.accept(*publisher.sign(DocumentName.ENDPOINTS, BODY, Revision(2, 1)))
    assert [revision for *_, revision in taken.bodies] == [Revision(1, 7), Revision(2, 1)]


def test_a_damaged_file_leaves_the_other_documents_in_use(publisher):
    store = open_store(publisher, Taken([]))
    store.accept(*publisher.sign(DocumentName.ENDPOINTS, BODY))
    store.accept(*publisher.sign(DocumentName.ROUTES, RoutesBody()))
    store.keep()
    (store._path / "routes.body").write_bytes(b"{}")
    taken = Taken([])
    again = open_store(publisher, taken)
    again.load()
    assert [name for name, *_ in taken.bodies] == [DocumentName.ENDPOINTS]
    assert again.refused == 1


def on_disk(publisher):
    taken = Taken([])
    open_store(publisher, taken).load()
    return [revision for *_, revision in taken.bodies]


def test_a_worker_that_is_late_never_puts_an_older_document_back(publisher):
    older = publisher.sign(DocumentName.ENDPOINTS, BODY, Revision(1, 6))
    newer = publisher.sign(DocumentName.ENDPOINTS, EndpointsBody(), Revision(1, 7))
    slow, fast = open_store(publisher, Taken([])), open_store(publisher, Taken([]))
    slow.accept(*older)
    fast.accept(*newer)
    fast.keep()
    slow.keep()
    assert on_disk(publisher) == [Revision(1, 7)]
    assert not slow.unkept


@pytest.mark.parametrize("file", ["endpoints.body", "endpoints.header.json"])
def test_what_is_damaged_on_disk_is_written_again(publisher, file):
    document = publisher.sign(DocumentName.ENDPOINTS, BODY)
    store = open_store(publisher, Taken([]))
    store.accept(*document)
    store.keep()
    (store._path / file).write_bytes(b"{}")
    again = open_store(publisher, Taken([]))
    again.load()
    again.accept(*document)
    again.keep()
    assert on_disk(publisher) == [Revision(1, 1)]


def test_a_disk_that_fails_is_tried_again_and_serving_goes_on(publisher):
    taken = Taken([])
    store = open_store(publisher, taken)
    in_the_way = store._path / "endpoints.body"
    in_the_way.mkdir()
    store.accept(*publisher.sign(DocumentName.ENDPOINTS, BODY))
    assert len(taken.bodies) == 1
    with pytest.raises(OSError, match="directory"):
        store.keep()
    assert store.unkept
    in_the_way.rmdir()
    store.keep()
    assert on_disk(publisher) == [Revision(1, 1)]


def test_a_reader_without_the_lock_takes_a_document_once_it_is_whole(publisher):
    taken = Taken([])
    store, reader = open_store(publisher, Taken([])), open_store(publisher, taken)
    store.accept(*publisher.sign(DocumentName.ENDPOINTS, BODY))
    store.keep()
    with store._locked():
        reader.look()
    assert [revision for *_, revision in taken.bodies] == [Revision(1, 1)]
    whole = reader.stamp()
    header, body = publisher.sign(DocumentName.ENDPOINTS, EndpointsBody(), Revision(1, 2))
    header_path, body_path = store._paths(DocumentName.ENDPOINTS)
    body_path.with_suffix(".new").write_bytes(body)
    body_path.with_suffix(".new").replace(body_path)
    half = reader.stamp()
    reader.look()
    assert len(taken.bodies) == 1
    header_path.with_suffix(".new").write_bytes(msgspec.json.encode(header))
    header_path.with_suffix(".new").replace(header_path)
    assert len({whole, half, reader.stamp()}) == 3
    reader.look()
    assert [revision for *_, revision in taken.bodies] == [Revision(1, 1), Revision(1, 2)]
