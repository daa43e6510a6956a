"""Carries out one redaction in everything training keeps, and writes its record last.

find whom and what it is about → note it → erase place by place → look again → record. Killed
anywhere it is gone on with from the note; done twice it changes nothing. Old files are unlinked,
never left beside.
"""

from datetime import UTC, datetime
from pathlib import Path

from bentos import redaction_files
from bentos.contract.errors import ContractError
from bentos.contract.redaction import (
    RedactionKind,
    RedactionRecord,
    RedactionRequest,
    order_digest,
    order_secret,
    subject_digest,
)
from training.orders import connect
from training.pseudonyms import KEY_FILE, load_key
from training.redaction import (
    consents,
    feature_values,
    leftovers,
    lock,
    online_values,
    run_records,
    shop_tables,
    trained,
    whole_shop,
)
from training.redaction import scope as scopes
from training.redaction import work as works
from training.redaction.datasets import Datasets
from training.redaction.rows import Rows
from training.redaction.scope import Scope
from training.redaction.unread import is_lost, told, untold
from training.redaction.work import Work
from training.settings import Settings


class NotErased(RuntimeError):
    """Something of the person is still found after all was erased, or something could not be gone
    through; no record was written."""


def foresee(settings: Settings, request: RedactionRequest) -> Work:
    """What a redaction would find; nothing is changed, nothing written."""
    settings = _of_shop(settings, request)
    work = works.load(settings.lake, request.id) or Work(id=request.id, scope=Scope())
    _look(settings, request, work)
    return work


def erase(settings: Settings, request: RedactionRequest) -> RedactionRecord:
    """Honour a request; done before, its record is returned.

    The caller holds the night's lock. Raises BusyError while a run or a sync is under way,
    ContractError for another shop as a whole, StoreError, NotErased.
    """
    done = redaction_files.record_of(settings.lake, request.id)
    if done is not None:
        works.forget(settings.lake, request.id)
        return done
    settings = _of_shop(settings, request)
    with lock.erasing(settings.lake), lock.no_sync(settings):
        return _erase(settings, request)


def _of_shop(settings: Settings, request: RedactionRequest) -> Settings:
    """Settings to erase with. A merchant may have several shops, and pseudonyms are a shop's own:
    a customer of any is looked for. What goes whole must be what lies here."""
    if request.kind is RedactionKind.SHOP and request.shop != settings.shop:
        hint = "SIGNALBOX_SHOP names the shop of a home."
        raise ContractError(f"redaction {request.id}: shop", settings.shop, request.shop, hint)
    return settings.model_copy(update={"shop": request.shop})


def _erase(settings: Settings, request: RedactionRequest) -> RedactionRecord:
    work = works.load(settings.lake, request.id) or Work(id=request.id, scope=Scope())
    leftovers.remove(settings)
    _look(settings, request, work)
    works.save(settings.lake, work)
    # What could not be read may go unread, be made again, or come to no matter.
    work.unread = {}
    if request.kind is RedactionKind.SHOP:
        whole_shop.erase(settings, work)
    else:
        _take_out(settings, work)
    leftovers.remove(settings)
    _look_again(settings, request, work)
    record = _record(settings, request, work)
    redaction_files.write_record(settings.lake, record)
    works.forget(settings.lake, request.id)
    return record


def _look(settings: Settings, request: RedactionRequest, work: Work) -> None:
    """Note whom it is about, what there is of them, and which versions learned from them."""
    work.unread = {}
    if request.kind is RedactionKind.SHOP:
        whole_shop.count(settings, work)
        trained.note_versions(settings.lake, (), None, work)
        return
    work.scope = scopes.of_request(request).joined(work.scope)
    with connect(settings.training_memory, 1) as connection:
        work.scope = scopes.find(settings, connection, work)
        lines = scopes.lines_files(settings.lake)
        work.untold = untold(settings.home, lines, work.unread, work.untold)
        held = _count(settings, Rows(connection, work.scope.subjects, work.scope.orders), work)
    known = {*held, *work.snapshots}
    trained.note_versions(settings.lake, known, work.scope, work)


def _count(settings: Settings, rows: Rows, work: Work) -> dict[str, int]:
    shop_tables.count(settings, rows, work)
    work.found("lake/orders", sum(_lines_with(settings, rows, work).values()))
    held = _datasets(settings, rows, work).held(work)
    work.found("lake/snapshots", sum(held.values()))
    feature_values.count(settings.offline_features, rows, work)
    run_records.count(settings.lake, work.scope, work, blind=_is_blind(settings, work))
    if work.scope.subjects:
        work.found("online store", online_values.count(settings, work.scope.subjects, work))
        consents.count(settings, work.scope.subjects, work)
    return held


def _take_out(settings: Settings, work: Work) -> None:
    lake, scope = settings.lake, work.scope
    with connect(settings.training_memory, 1) as connection:
        rows = Rows(connection, scope.subjects, scope.orders)
        shop_tables.erase(settings, rows, work)
        for path in _lines_with(settings, rows, work):
            with work.going_through(path, settings.home):
                rows.take_out(path, rows.test(path) or "false")
        datasets = _datasets(settings, rows, work)
        for digest in datasets.held(work):
            datasets.erase(digest, work)
            works.save(lake, work)
        for digest in work.snapshots:
            datasets.remove(digest)
        feature_values.erase(settings.offline_features, rows, work, lambda: works.save(lake, work))
    run_records.erase(lake, scope, work, blind=_is_blind(settings, work))
    if scope.subjects:
        online_values.erase(settings, scope.subjects, work)
        consents.erase(settings, scope.subjects, work)


def _lines_with(settings: Settings, rows: Rows, work: Work) -> dict[Path, int]:
    """Files of order lines with rows of theirs, and how many."""
    found: dict[Path, int] = {}
    for path in scopes.lines_files(settings.lake):
        with work.going_through(path, settings.home):
            count = rows.count(path, rows.test(path))
            if count:
                found[path] = count
    return found


def _datasets(settings: Settings, rows: Rows, work: Work) -> Datasets:
    return Datasets(settings.lake, rows, work.scope, blind=_is_blind(settings, work))


def _is_blind(settings: Settings, work: Work) -> bool:
    return is_lost(settings.home, work.untold)


def _look_again(settings: Settings, request: RedactionRequest, work: Work) -> None:
    left = Work(id=work.id, scope=work.scope, untold=work.untold)
    _look(settings, request, left)
    if left.removed:
        raise NotErased(f"redaction {work.id}: still found in {left.removed}; no record is written")
    unread = work.unread | left.unread
    if unread:
        # All that was found is gone; what the next try finds is what this one could not read.
        work.before = dict(work.removed)
        works.save(settings.lake, work)
        raise NotErased(f"redaction {work.id}: {told(unread)}")


def _record(settings: Settings, request: RedactionRequest, work: Work) -> RedactionRecord:
    named = scopes.of_request(request).joined(work.scope)
    secret = order_secret(load_key(settings.keys / KEY_FILE), settings.shop)
    now = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    whole = request.kind is RedactionKind.SHOP
    return RedactionRecord(
        id=request.id,
        at=now,
        reason=request.reason,
        subjects_sha256=tuple(sorted(map(subject_digest, named.subjects))),
        orders_keyed=tuple(sorted(order_digest(secret, number) for number in named.orders)),
        # The ingress goes by the same moment. A shop's orders are too many to be named.
        until=request.requested_at,
        shop=request.shop if whole else "",
        snapshots=work.snapshots,
        features=work.features,
        removed=dict(sorted(work.removed.items())),
        versions=work.versions,
    )
