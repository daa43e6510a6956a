"""One sync of a shop: read, stage, merge, swap. Killed anywhere it goes on where it was.

Every step leaves what the next needs in the staging file; the lake changes in one rename at
the end. A stream that is given up leaves its tables and its watermark as they were.
"""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from bentos.contract.errors import ContractError
from bentos.contract.identity import Pseudonymizer
from bentos.shopify_admin.clock import Clock
from training.fingerprint import source_digest
from training.pseudonyms import KIND
from training.redaction import erased, erased_staging, waiting
from training.shop.bulk import Admin, Hinted, unhinted
from training.shop.merging import Merge, Merging
from training.shop.paging import Pages
from training.shop.plan import Plan, Report, Unread
from training.shop.reading import Reader, Told, stamp
from training.shop.rows import Rows
from training.shop.staging import Progress, Staging, staged_name
from training.shop.streams import BULK, DISPUTES, NAMES, REFUNDS, SWEEP_SUFFIX, WHOLE, Stream
from training.shop.tables import Contents, Current, ShopLake

OVERLAP = timedelta(hours=1)
"Read again of what was read before: Shopify's search index may lag behind its orders."
WINDOW = timedelta(days=60)
"Orders older than this are out of sight without the scope read_all_orders."
ALL_ORDERS = "read_all_orders"
STAGING = "staging"
MEMORY = "96MB"
THREADS = 1
NEWEST = "newest "
"Begins the names of facts: the newest change that was read of a stream."
CODE = (
    "training/shop/columns.py",
    "training/shop/rows.py",
    "training/shop/staging.py",
    "training/shop/values.py",
)


class Merged(msgspec.Struct, kw_only=True):
    """What came of merging: all tables and watermarks, rows read and rows seen beyond a mark."""

    tables: dict[str, Contents]
    marks: dict[str, str]
    read: dict[str, int] = {}
    behind: dict[str, int] = {}


class Sync(msgspec.Struct, frozen=True, kw_only=True):
    """A shop, the client that reads it, and where its tables go."""

    admin: Admin
    clock: Clock
    lake: ShopLake
    shop: str
    key: Pseudonymizer
    told: Told
    hinted: Hinted = unhinted
    memory: str = MEMORY
    threads: int = THREADS

    def run(self, *, full: bool) -> Report:
        """Sync once. Raises SyncRunning, and what the client raises; then it can be resumed.
        ContractError while the shop is to be erased whole, also where that came meanwhile."""
        home = self.lake.folder.parent.parent
        with self.lake.syncing():
            waiting.check_shop(home, self.shop)
            self.lake.tidy()
            before = self._before(full=full)
            staging, plan, resumed = self._staging(before, full=full)
            try:
                unread = self._read_all(staging, plan)
                waiting.check_shop(home, self.shop)
                gone = erased.gone(self.lake.folder.parent, self.key, self.shop)
                _keep_newest(staging)
                erased_staging.take_out(staging.connection, gone, self.lake)
                report = self._merge(staging, plan, before, unread, resumed=resumed)
            finally:
                staging.close()
            shutil.rmtree(self.lake.folder / STAGING)
            return report

    def _before(self, *, full: bool) -> Current:
        empty = Current(shop=self.shop, pseudonym_key_id=self.key.key_id)
        current = self.lake.current() or empty
        if (current.shop, current.pseudonym_key_id) == (self.shop, self.key.key_id):
            return current
        if not full:
            raise ContractError(
                "shop sync",
                f"shop {current.shop} under the pseudonym key {current.pseudonym_key_id}",
                f"{self.shop} under {self.key.key_id}",
                "Other names would be mixed in. `--full` begins a new lake, without the rows "
                "that Shopify no longer shows.",
            )
        return msgspec.structs.replace(empty, generation=current.generation)

    def _staging(self, before: Current, *, full: bool) -> tuple[Staging, Plan, bool]:
        folder = self.lake.folder / STAGING
        code = source_digest(*CODE)
        staging = Staging(folder, self.memory, self.threads)
        kept = staging.fact("plan")
        if kept is not None:
            plan = msgspec.json.decode(kept, type=Plan)
            ours = (self.shop, self.key.key_id, code)
            if (plan.shop, plan.pseudonym_key_id, plan.code) == ours and (plan.full or not full):
                return staging, plan, True
            staging.close()
            shutil.rmtree(folder)
            staging = Staging(folder, self.memory, self.threads)
        plan = Plan(
            full=full or not before.tables,
            shop=self.shop,
            pseudonym_key_id=self.key.key_id,
            code=code,
            begun=stamp(self.clock.now()),
            window_from=self._window_from(),
        )
        for name in NAMES:
            mark = None if plan.full or name in WHOLE else before.watermarks.get(name)
            begin = stamp(datetime.fromisoformat(mark) - OVERLAP) if mark else None
            staging.set_progress(name, Progress(windows=((begin, None),)))
        # Last: a plan means that all windows are there.
        staging.keep_fact("plan", msgspec.json.encode(plan).decode())
        return staging, plan, False

    def _window_from(self) -> str | None:
        """Since when orders are in sight; a day later than Shopify says, to be sure."""
        installed = self.admin.execute("access_scopes")["currentAppInstallation"]
        if any(scope["handle"] == ALL_ORDERS for scope in installed["accessScopes"]):
            return None
        return stamp(self.clock.now() - WINDOW + timedelta(days=1))

    def _read_all(self, staging: Staging, plan: Plan) -> Unread:
        rows = Rows(self.key.namer(self.shop, KIND))
        reader = Reader(self.admin, self.clock, staging, rows, told=self.told, hinted=self.hinted)
        pages = Pages(self.admin, self.clock, staging, rows, self.told)
        unread = Unread(problems={}, skipped={})
        for stream in BULK:
            unread.attempt(stream.name, reader.read, stream)
        unread.attempt(REFUNDS, pages.refunds)
        unread.attempt(DISPUTES, pages.disputes)
        for stream in BULK:
            # What was read whole has seen all ids already.
            if stream.name not in unread and not _whole(plan, staging, stream):
                unread.attempt(stream.name + SWEEP_SUFFIX, reader.sweep, stream)
        return unread

    def _merge(
        self,
        staging: Staging,
        plan: Plan,
        before: Current,
        unread: Unread,
        *,
        resumed: bool,
    ) -> Report:
        synced_at = self.clock.now().astimezone(UTC).replace(tzinfo=None, microsecond=0)
        merged = self._merged(staging, plan, before, unread, synced_at)
        current = Current(
            generation=before.generation + 1,
            shop=self.shop,
            pseudonym_key_id=self.key.key_id,
            synced_at=stamp(synced_at),
            window_from=plan.window_from,
            tables=merged.tables,
            watermarks=merged.marks,
            behind=merged.behind,
            problems=unread.problems,
            skipped=unread.skipped,
        )
        self.lake.commit(current)
        return Report(
            full=plan.full,
            resumed=resumed,
            synced_at=stamp(synced_at),
            window_from=current.window_from,
            read=merged.read,
            tables=current.tables,
            watermarks=current.watermarks,
            behind=current.behind,
            problems=current.problems,
            skipped=current.skipped,
        )

    def _merged(
        self,
        staging: Staging,
        plan: Plan,
        before: Current,
        unread: Unread,
        synced_at: datetime,
    ) -> Merged:
        number = before.generation + 1
        merging = Merging(staging.connection, self.lake.folder, number, before.tables)
        found = Merged(tables=dict(before.tables), marks=dict(before.watermarks))
        # Orders last but one: what is gone of them is still known when refunds are merged.
        for stream in (*BULK[1:], BULK[0]):
            if stream.name in unread:
                continue
            found.tables |= merging.merge(self._how(stream, plan, staging, unread, synced_at))
            found.read |= {name: staging.count(staged_name(name)) for name in stream.tables}
            mark, late = _watermark(staging, merging, stream, before, plan, unread)
            found.marks |= {stream.name: mark} if mark is not None else {}
            found.behind |= {stream.name: late} if late else {}
        if REFUNDS not in unread:
            gone = "orders" not in unread
            found.tables |= merging.merge_refunds(synced_at, orders_gone=gone)
            found.read[REFUNDS] = staging.count(staged_name(REFUNDS))
            mark = _refund_mark(staging.progress(REFUNDS), found.marks.get("orders"))
            found.marks |= {REFUNDS: mark} if mark else {}
        if DISPUTES not in unread:
            how = Merge(table=DISPUTES, complete=True, synced_at=synced_at)
            found.tables |= merging.merge(how)
            found.read[DISPUTES] = staging.count(staged_name(DISPUTES))
        return found

    def _how(
        self,
        stream: Stream,
        plan: Plan,
        staging: Staging,
        unread: Unread,
        synced_at: datetime,
    ) -> Merge:
        whole = _whole(plan, staging, stream)
        visible = plan.window_from if stream.windowed else None
        return Merge(
            table=stream.name,
            child=stream.child,
            complete=whole,
            swept=not whole and stream.name + SWEEP_SUFFIX not in unread,
            visible_from=_naive(visible) if visible else None,
            synced_at=synced_at,
        )


def _keep_newest(staging: Staging) -> None:
    """What is taken out of the staging file was read all the same: it counts for watermarks."""
    for stream in BULK:
        newest = staging.newest(stream.name)
        known = staging.fact(NEWEST + stream.name)
        if newest is not None and (known is None or known < stamp(newest)):
            staging.keep_fact(NEWEST + stream.name, stamp(newest))


def _whole(plan: Plan, staging: Staging, stream: Stream) -> bool:
    """All of it was read, in one operation: in several, a row may have moved between them."""
    return (plan.full or stream.whole) and staging.progress(stream.name).batch == 1


def _watermark(
    staging: Staging,
    merging: Merging,
    stream: Stream,
    before: Current,
    plan: Plan,
    unread: Unread,
) -> tuple[str | None, int]:
    """Up to where a stream is surely read, and how many rows a sweep saw beyond that."""
    since = staging.progress(stream.name).since
    newest = staging.fact(NEWEST + stream.name)
    old = None if plan.full else before.watermarks.get(stream.name)
    read_to = max(filter(None, (old, newest)), default=None)
    if read_to is None or since is None:
        return old, 0
    # What changed after the operation began may or may not be in it.
    mark = min(read_to, since)
    if _whole(plan, staging, stream) or stream.name + SWEEP_SUFFIX in unread:
        return mark, 0
    late = merging.lateness(stream.name, _naive(since))
    return (min(mark, stamp(late.oldest)) if late.oldest else mark), late.rows


def _refund_mark(progress: Progress, orders: str | None) -> str | None:
    """The newest order met, unless it changed after paging began: then it may be met again. Never
    beyond the mark of ``orders``: refunds may be left out while theirs is not here."""
    if progress.intent is None or progress.since is None or orders is None:
        return None
    return min(progress.intent, progress.since, orders)


def _naive(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)


def staged(lake: ShopLake) -> Path | None:
    """The staging file a sync left to be resumed, None where there is none."""
    place = lake.folder / STAGING
    return place if place.is_dir() else None
