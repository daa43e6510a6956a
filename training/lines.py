"""Sync, consent and pseudonymise: from an order file to canonical lines in the lake.

The three steps are one pass: what lies between the file and the pseudonyms names shoppers, and is
never kept.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from bentos.contract.errors import ContractError
from bentos.contract.identity import Pseudonymizer
from bentos.contract.training_consent import ConsentRef
from training import allowed_columns, consent, progress
from training import mapping as mappings
from training.atomic import folder
from training.errors import ConsentError, OrderError
from training.fingerprint import file_digest, key_of, lock_digest, source_digest
from training.lake import load_record, save_record, used_now
from training.left_out import LeftOut
from training.mapping import Mapping
from training.pseudonyms import KEY_FILE, load_key
from training.redaction import erased
from training.settings import Settings

if TYPE_CHECKING:
    from training.orders import SyncReport

LINES_FILE = "lines.parquet"
# What decides how lines come out of a file.
CODE = (
    "training/allowed_columns.py",
    "training/left_out.py",
    "training/lines.py",
    "training/mapping.py",
    "training/mappings",
    "training/narrow_lines.py",
    "training/order_check.py",
    "training/order_file.py",
    "training/orders.py",
    "training/parsed_lines.py",
    "training/priced_lines.py",
    "training/pseudonyms.py",
    "training/redaction/erased.py",
    "training/staging.py",
)


class OrderSource(msgspec.Struct, frozen=True, kw_only=True):
    """Which orders, by which mapping, on which basis. None means: the default, or guess.

    ``shop``: those of the connected shop, as they were last synced.
    """

    orders: Path | None = None
    shop: bool = False
    mapping: str | None = None
    consent_basis: str | None = None
    pseudonym_key_file: Path | None = None


class Lines(msgspec.Struct, frozen=True, kw_only=True):
    """Canonical, pseudonymised order lines: where they are and where they come from.

    ``own_data``: a merchant's own, so each model takes the consent of its purpose in ``consents``.
    """

    path: str
    source: str
    source_digest: str
    mapping: str
    timezone: str
    shop: str
    consent_basis: str
    pseudonym_key_id: str
    assumptions: tuple[str, ...]
    report: dict[str, object]
    own_data: bool
    consents: dict[str, ConsentRef] = {}
    left_out: LeftOut = LeftOut()
    stated: str | None = None

    def check_consent(self, model: str) -> None:
        """Raise ConsentError unless these lines may train this model."""
        if self.own_data and model not in self.consents:
            expected = f"the merchant's consent to train {model}"
            raise ConsentError("consent", expected, f"one to train {sorted(self.consents)}")

    def basis_of(self, model: str) -> str:
        """The basis for one model, as its manifest states it."""
        self.check_consent(model)
        if not self.own_data:
            return self.consent_basis
        return consent.basis_text({model: self.consents[model]}, self.stated)


def prepare_lines(settings: Settings, source: OrderSource, models: tuple[str, ...] = ()) -> Lines:
    """The lines of a source, read again only if file, mapping, key or code changed.

    ``models``: those they are for; without any, at least one must be consented to. Raises
    ConsentError before anything is read, OrderError for what the file has wrong.
    """
    stated = source.consent_basis
    # A synced shop is the merchant's own for certain; of a file its mapping says what it is.
    own = consent.admit_own(settings, stated, models) if source.shop else None
    path, mapping = resolve(settings, source)
    admission = own or consent.admit(settings, mapping, stated, models)
    key = load_key(source.pseudonym_key_file or settings.keys / KEY_FILE)
    admission.check_key(key.key_id)
    content = content_digest(path, mapping)
    gone = erased.gone_from(settings, own_data=admission.own_data)
    cache_key = key_of(
        content=content,
        mapping=msgspec.to_builtins(mapping),
        pseudonym_key=key.key_id,
        shop=settings.shop,
        admission=admission.digest(),
        erased=gone.erased.digest,
        lock=lock_digest(),
        code=source_digest(*CODE),
    )
    done = load_record(settings.lake, "lines", cache_key, Lines)
    if done is not None and Path(done.path).is_file():
        used_now(Path(done.path).parent)
        return done
    place = settings.lake / "orders" / cache_key[:32]
    report = _read(settings, path, mapping, place, key, admission, gone)
    lines = Lines(
        path=(place / LINES_FILE).as_posix(),
        source=path.name,
        source_digest=content,
        mapping=mapping.name,
        timezone=mapping.timezone,
        shop=settings.shop,
        consent_basis=admission.basis,
        pseudonym_key_id=key.key_id,
        assumptions=mapping.assumptions,
        report={k: v for k, v in msgspec.to_builtins(report).items() if k != "left_out"},
        own_data=admission.own_data,
        consents=admission.consents,
        left_out=report.left_out,
        stated=stated,
    )
    save_record(settings.lake, "lines", cache_key, lines)
    return lines


def _read(
    settings: Settings,
    path: Path,
    mapping: Mapping,
    place: Path,
    key: Pseudonymizer,
    admission: consent.Admission,
    gone: erased.Gone,
) -> "SyncReport":
    """Fill the folder ``place`` with the lines of a file."""
    from training import orders, staging  # noqa: PLC0415 - DuckDB is not needed for a hit

    with (
        staging.folder(settings.lake) as between,
        orders.connect(settings.training_memory, settings.training_threads) as connection,
    ):
        staged = staging.Staging(
            folder=between,
            spill=settings.spill,
            shop=settings.shop,
            field=f"{path.name} customers",
            key=None if mapping.customer_ids.kind == "pseudonym" else key,
            left_out=admission.left_out,
            gone=gone,
        )
        with progress.step(f"sync {path.name}"):
            report = orders.sync(connection, path, mapping, settings.shop, staged)
        allowed_columns.check(staged.lines)
        with folder(place) as partial:
            staged.lines.rename(partial / LINES_FILE)
    return report


def resolve(settings: Settings, source: OrderSource) -> tuple[Path, Mapping]:
    """The file of a source and how it is read: as named, else guessed from its columns."""
    if source.shop:
        return _of_shop(settings, source)
    from training import order_file  # noqa: PLC0415

    path = source.orders or order_file.default_file()
    if source.mapping is not None:
        return path, mappings.load(source.mapping)
    if source.orders is None:
        return path, mappings.load("complete_journey")
    from training.orders import connect  # noqa: PLC0415

    with connect() as connection:
        return path, mappings.guess(order_file.column_names(connection, path), path.name)


def _of_shop(settings: Settings, source: OrderSource) -> tuple[Path, Mapping]:
    from training.shop import sales  # noqa: PLC0415 - Ibis

    if source.orders is not None or source.mapping is not None:
        raise ContractError("--shop", "no other orders and no mapping beside it", "both")
    key = load_key(source.pseudonym_key_file or settings.keys / KEY_FILE)
    sales.check_key(settings, key)
    return sales.sales_file(settings), mappings.load("shop")


def content_digest(path: Path, mapping: Mapping) -> str:
    """SHA-256 hex over the file and what lies beside it; raises OrderError without it."""
    if not path.is_file():
        raise OrderError("--orders", "a file", str(path))
    parts = {path.name: file_digest(path)}
    if mapping.join is not None:
        beside = path.with_name(mapping.join.file)
        if beside.is_file():
            parts[beside.name] = file_digest(beside)
    return key_of(files=parts)
