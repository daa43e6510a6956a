"""What was promoted for a model, in order: "once promoted" is history, not a state."""

from collections.abc import Iterator

from sqlmodel import col, select

from bentos.contract.manifest import VersionState
from control_plane import clock
from control_plane.db import ReadSession, WriteSession
from control_plane.errors import PolicyError
from control_plane.registry.integrity import why_tampered
from control_plane.registry.models import PromotionRow, VersionRow
from control_plane.snapshot import once


def standing(session: ReadSession, model: str) -> list[PromotionRow]:
    """Promotions of a model that were not rolled back, newest first."""
    query = select(PromotionRow).where(
        col(PromotionRow.model) == model, col(PromotionRow.undone_at).is_(None)
    )
    newest_first = query.order_by(col(PromotionRow.seq).desc())
    return once(session, ("standing", model), lambda: list(session.exec(newest_first)))


def stable_of(session: ReadSession, model: str) -> str | None:
    """The version that serves by default; None before the first promotion."""
    rows = standing(session, model)
    return rows[0].version if rows else None


def stable_versions(session: ReadSession) -> dict[str, str]:
    """Model → its stable version, for all models that have one: one question for all."""
    query = select(PromotionRow.model, PromotionRow.version).where(
        col(PromotionRow.undone_at).is_(None)
    )
    return dict(session.exec(query.order_by(col(PromotionRow.seq))).all())


def previous_of(session: ReadSession, model: str) -> str | None:
    """Where a rollback of the stable version would go; None if nowhere."""
    return next((version.version for version in _earlier(session, model)), None)


def promote(session: WriteSession, model: str, version: str, release: str) -> None:
    """Make a version the model's stable one."""
    session.add(PromotionRow(model=model, version=version, release=release, at=clock.now()))
    session.flush()


def undo_promotion(session: WriteSession, model: str, release: str) -> str:
    """Take back the newest promotion, which must be this release's; returns the new stable.

    Versions retired or tampered with in between are passed over. Raises PolicyError when the
    release is not what serves now, or when nothing is left to go back to.
    """
    rows = standing(session, model)
    if not rows or rows[0].release != release:
        raise PolicyError(f"{model} was promoted further since; roll back its newest release")
    sound = (v.version for v in _earlier(session, model) if why_tampered(session, v) is None)
    target = next(sound, None)
    if target is None:
        raise PolicyError(f"{model} has no earlier promoted version to roll back to")
    now = clock.now()
    for row in rows:
        if row.version == target:
            break
        row.undone_at = now
        session.add(row)
    session.flush()
    return target


def once_promoted(session: ReadSession, model: str) -> list[str]:
    """Versions that traffic may be forced back onto, the latest promotion first."""
    query = (
        select(PromotionRow.version)
        .join(VersionRow, col(VersionRow.version) == col(PromotionRow.version))
        .where(
            col(PromotionRow.model) == model,
            col(VersionRow.state) == VersionState.REGISTERED.value,
        )
    )
    return list(dict.fromkeys(session.exec(query.order_by(col(PromotionRow.seq).desc()))))


def check_once_promoted(session: ReadSession, model: str, version: str) -> None:
    """Raise PolicyError unless traffic may be forced back onto this version."""
    row = session.get(VersionRow, version)
    if row is None or row.model != model:
        raise PolicyError(f"{version} is no version of {model}")
    if row.state != VersionState.REGISTERED.value:
        raise PolicyError(f"{version} is {row.state}")
    tampered = why_tampered(session, row)
    if tampered:
        raise PolicyError(tampered)
    query = select(PromotionRow).where(
        col(PromotionRow.model) == model, col(PromotionRow.version) == version
    )
    if session.exec(query.limit(1)).first() is None:
        raise PolicyError(f"{version} was never promoted for {model}")


def _earlier(session: ReadSession, model: str) -> Iterator[VersionRow]:
    """Versions promoted before the stable one and still registered, newest first."""
    rows = standing(session, model)
    for row in rows[1:]:
        version = session.get(VersionRow, row.version)
        usable = version is not None and version.state == VersionState.REGISTERED.value
        if version is not None and usable and row.version != rows[0].version:
            yield version
