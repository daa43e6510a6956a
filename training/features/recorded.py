"""What each view@version was when it was recorded: its digest, columns and SQL per dialect.

``recorded/<view>@<version>/`` lies in the repository. A definition that no longer compiles to
it is another meaning under an old name, and is refused before anything is computed.
"""

from pathlib import Path

import msgspec

from bentos.contract.errors import ContractError
from training import atomic
from training.features import dialects
from training.features.view import FeatureView

FOLDER = Path(__file__).with_name("recorded")
RECORD = "view.json"


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """A view as it was recorded. ``columns``: name → type, the entity first."""

    view: str
    entity: str
    ttl_s: float
    digest: str
    columns: dict[str, str]
    schema: int = 1


def record_of(view: FeatureView) -> Recorded:
    """What would be recorded of a view now."""
    return Recorded(
        view=view.tag,
        entity=view.entity,
        ttl_s=view.ttl.total_seconds(),
        digest=view.digest,
        columns=view.columns,
    )


def check(view: FeatureView, folder: Path = FOLDER) -> None:
    """Raise ContractError unless a view still means what its version was recorded to mean."""
    path = folder / view.tag / RECORD
    try:
        held = msgspec.json.decode(path.read_bytes(), type=Recorded)
    except FileNotFoundError as error:
        hint = "Record it: python -m training features check --write"
        raise ContractError(f"feature view {view.tag}", "a record", "none", hint) from error
    now = record_of(view)
    if now.digest != held.digest or now.columns != held.columns or now.entity != held.entity:
        raise ContractError(
            f"feature view {view.tag}",
            f"the definition {held.digest}, as recorded",
            now.digest,
            f"Stores and versions of models hold values of {view.tag} under its recorded "
            f"meaning. Keep that definition, and give the changed one version={view.version + 1} "
            "beside it; then: python -m training features check --write",
        )


def stale_dialects(view: FeatureView, folder: Path = FOLDER) -> list[str]:
    """Dialects whose recorded SQL is not what the definition compiles to now."""
    now = dialects.all_compiled(view.expr)
    held = {path.stem: path.read_text("utf-8") for path in (folder / view.tag).glob("*.sql")}
    return sorted(name for name in {*now, *held} if now.get(name) != held.get(name))


def write(view: FeatureView, folder: Path = FOLDER) -> bool:
    """Record a view that has no record; whether it was written. Others must be as they were."""
    place = folder / view.tag
    if (place / RECORD).exists():
        check(view, folder)
        return False
    with atomic.folder(place) as partial:
        for dialect, text in dialects.all_compiled(view.expr).items():
            (partial / f"{dialect}.sql").write_text(text, "utf-8")
        content = msgspec.json.format(msgspec.json.encode(record_of(view)), indent=2)
        (partial / RECORD).write_bytes(content + b"\n")
    return True
