"""The steps of the feature views: computed into the lake, and put online when all else is done."""

from datetime import datetime

from training.fingerprint import key_of
from training.nightly.night import Night
from training.nightly.outputs import Checked, Online, Views


def compute(night: Night, checked: Checked) -> Views:
    """Every view as of the end of the orders, from lines that passed the checks."""
    from training.features.nights import compute as compute_views  # noqa: PLC0415 - Ibis, DuckDB
    from training.materialize import end_of_orders  # noqa: PLC0415

    night.check_unasked(checked.lines)
    # When the night began, not when it went on after a kill: the same moment, the same values.
    moment = end_of_orders(checked.lines, night.record.started_at)
    made = compute_views(night.settings, checked.lines, [moment])
    return Views(
        moment=moment.isoformat(timespec="microseconds"),
        values={partition.view: partition.digest for partition in made},
        definitions={partition.view: partition.definition for partition in made},
    )


def publish(night: Night, checked: Checked, views: Views) -> Online:
    """A new generation of the online store, of the values that were just computed."""
    from training.materialize import materialize  # noqa: PLC0415
    from training.pseudonyms import KEY_FILE, load_key  # noqa: PLC0415

    night.check_unasked(checked.lines)
    settings = night.settings
    key = load_key(night.source.pseudonym_key_file or settings.keys / KEY_FILE)
    moment = datetime.fromisoformat(views.moment)
    report = materialize(settings, checked.lines, key, as_of=moment)
    return Online(
        generation=report.generation.name,
        records={tag: held.records for tag, held in report.generation.views.items()},
        digest=key_of(moment=views.moment, values=views.values),
    )
