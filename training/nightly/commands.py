"""``python -m training nightly`` and ``schedule``: the night at the command line.

Exit codes: 0 done, 1 a step failed, 2 bad input, 3 the data was not fit, 4 another run is on.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from bentos.contract.errors import ContractError
from training.lines import OrderSource
from training.nightly.advice import checked
from training.nightly.desk import Desk
from training.nightly.record import Outcome
from training.nightly.settings import NightlySettings
from training.nightly.told import Told, summary
from training.recipes import recipe
from training.redaction.lock import using
from training.register import read_key
from training.settings import Settings

if TYPE_CHECKING:
    from training.nightly.start import Ask

EXIT_CODES = {Outcome.DONE: 0, Outcome.FAILED: 1, Outcome.RUNNING: 1, Outcome.STOPPED: 3}
BUSY = 4
REPRODUCED = {"identical": 0, "lost": 1, "different": 5, "redacted": 6}


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("nightly")(nightly)
    app.command("schedule")(schedule)
    app.command("reproduce")(reproduce)


def nightly(  # noqa: PLR0913 - one option each
    *,
    model: Annotated[
        list[str] | None, typer.Option(help="Repeatable; default SIGNALBOX_NIGHTLY_MODELS.")
    ] = None,
    orders: Annotated[Path | None, typer.Option(help="Order lines, Parquet or CSV.")] = None,
    shop: Annotated[
        bool, typer.Option("--shop", help="Sync, and learn from, the connected shop.")
    ] = False,
    mapping: Annotated[str | None, typer.Option(help="Included mapping, or a TOML file.")] = None,
    consent_basis: Annotated[str | None, typer.Option(help="Words added to the basis.")] = None,
    pseudonym_key_file: Annotated[Path | None, typer.Option(help="Key of the pseudonyms.")] = None,
    control_plane: Annotated[
        str | None, typer.Option(help="Its address; default SIGNALBOX_CONTROL_PLANE_URL.")
    ] = None,
    key_file: Annotated[
        Path | None, typer.Option(help="File with the service key; default keys/trainer.key.")
    ] = None,
    offline: Annotated[
        bool, typer.Option(help="No control plane: no champion, nothing registered or drafted.")
    ] = False,
    now: Annotated[
        str | None, typer.Option(help="What counts as the present, RFC 3339 (replays).")
    ] = None,
    accept: Annotated[
        list[str] | None,
        typer.Option(help="A check of the data that does not stop this night; repeatable."),
    ] = None,
    fresh: Annotated[bool, typer.Option(help="Do not go on with a run that broke off.")] = False,
    dry_run: Annotated[bool, typer.Option(help="Say what would be done and why.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """One night: from the orders to one draft release a model; goes on where one broke off."""
    from training.nightly.start import Ask  # noqa: PLC0415 - BentoML, onnxruntime

    own = NightlySettings()
    settings = _asking(Settings(), own, control_plane, key_file, offline=offline)
    source = _source(own, orders, mapping, consent_basis, pseudonym_key_file, shop=shop)
    models = tuple(dict.fromkeys(model or own.models))
    for name in models:
        recipe(name)
    overruled = checked(tuple(accept or ()))
    ask = Ask(source=source, models=models, now=moment(now), fresh=fresh, accept=overruled)
    if dry_run:
        _foresee(settings, own, ask, desk=not offline, as_json=as_json)
        return
    desk = None if offline else _desk(settings, own, control_plane, key_file)
    raise typer.Exit(_run(settings, own, ask, desk, as_json=as_json))


def _source(
    own: NightlySettings,
    orders: Path | None,
    mapping: str | None,
    basis: str | None,
    key_file: Path | None,
    *,
    shop: bool,
) -> OrderSource:
    """What was not told is as configured; where it is the shop, no settings of a file count."""
    shop = shop or (own.nightly_shop and orders is None)
    return OrderSource(
        orders=orders if shop else orders or own.nightly_orders,
        shop=shop,
        mapping=mapping if shop else mapping or own.nightly_mapping,
        consent_basis=basis or own.nightly_consent_basis,
        pseudonym_key_file=key_file,
    )


def _asking(
    settings: Settings, own: NightlySettings, url: str | None, key: Path | None, *, offline: bool
) -> Settings:
    """Consents are asked of the control plane this night talks to."""
    if offline:
        return settings
    asked = {"control_plane_url": url or own.control_plane_url, "trainer_key_file": key}
    return settings.model_copy(update={name: value for name, value in asked.items() if value})


def schedule() -> None:
    """Run each night when SIGNALBOX_NIGHTLY_CRON says so, until SIGTERM; one a lake."""
    import logging  # noqa: PLC0415

    from training.nightly import lock  # noqa: PLC0415
    from training.nightly.due import Cron  # noqa: PLC0415 - APScheduler
    from training.nightly.schedule import Schedule  # noqa: PLC0415
    from training.redaction.waiting import waiting  # noqa: PLC0415

    settings, own = Settings(), NightlySettings()
    if not own.nightly_cron:
        expected = "five fields of cron, such as '30 2 * * *'"
        raise ContractError("SIGNALBOX_NIGHTLY_CRON", expected, "nothing")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    cron = Cron(own.nightly_cron, own.zone)
    with lock.held(settings.lake, "schedule"):
        said = (own.nightly_cron, own.nightly_timezone)
        Schedule(settings.lake, cron, said, waiting=lambda: bool(waiting(settings))).run()


def reproduce(
    version: Annotated[str, typer.Argument(help="A version that was made in this home.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Make a version again from its dataset: the same bytes, or what differs.

    Exit codes: 0 identical, 1 its dataset is lost, 5 different, 6 its dataset was redacted.
    """
    from training import progress  # noqa: PLC0415
    from training.nightly.reproduce import reproduce as again  # noqa: PLC0415

    progress.set_quiet(quiet=True)
    settings = Settings()
    with using(settings.lake):
        found = again(settings, version)
    if as_json:
        _print(found)
    else:
        sys.stdout.write(f"{version}: {found.verdict.value}\n")
        if found.let_go is not None:
            sys.stdout.write(f"  let go on {found.let_go}, as its time was over\n")
        for line in found.redactions:
            sys.stdout.write(f"  redacted by {line}\n")
        for name, listed in (("", found.differences), ("made with another ", found.circumstances)):
            for each in listed:
                now = "gone" if each.now is None else f"now {each.now}"
                sys.stdout.write(f"  {name}{each.what}: {each.manifest}, {now}\n")
    raise typer.Exit(REPRODUCED[found.verdict.value])


def moment(text: str | None) -> datetime:
    """The present, or what is said to be it; raises ContractError for no RFC 3339 time."""
    if text is None:
        return datetime.now(UTC)
    try:
        said = datetime.fromisoformat(text)
    except ValueError as error:
        raise ContractError("--now", "RFC 3339, 2026-11-26T02:30:00Z", text) from error
    if said.tzinfo is None:
        raise ContractError("--now", "a time with its offset, such as Z", text)
    return said.astimezone(UTC)


def _run(
    settings: Settings, own: NightlySettings, ask: "Ask", desk: Desk | None, *, as_json: bool
) -> int:
    from training import progress  # noqa: PLC0415
    from training.nightly.plan import plan  # noqa: PLC0415
    from training.nightly.start import run_night  # noqa: PLC0415

    # One line a step is told here; the steps' own spinners would write over it.
    progress.set_quiet(quiet=True)
    total = len(plan(settings, own, ask.models, desk=desk is not None))
    quiet = as_json and not (sys.stderr.isatty() or settings.progress)
    try:
        record = run_night(settings, own, ask, desk, Told(total, quiet=quiet))
    finally:
        if desk is not None:
            desk.close()
    if as_json:
        _print(record)
    else:
        sys.stdout.write(f"{record.id}\n{summary(record)}\n")
    return EXIT_CODES[record.worst()]


def _desk(
    settings: Settings, own: NightlySettings, address: str | None, key_file: Path | None
) -> Desk:
    path = key_file or settings.trainer_key
    if not path.is_file():
        hint = "signalbox init makes it; --offline does without a control plane"
        raise ContractError("--key-file", "the trainer's key file", str(path), hint)
    return Desk(address or own.control_plane_url, read_key(path))


def _foresee(
    settings: Settings, own: NightlySettings, ask: "Ask", *, desk: bool, as_json: bool
) -> None:
    from training.nightly.dry_run import foresee  # noqa: PLC0415
    from training.nightly.plan import plan  # noqa: PLC0415

    found = foresee(settings, own, plan(settings, own, ask.models, desk=desk), ask)
    if as_json:
        _print(found)
        return
    sys.stdout.write(f"goes on with {found.resumes}\n" if found.resumes else "a new run\n")
    for step in found.steps:
        sys.stdout.write(f"  {step.step:<28}{step.would:<6}{step.why}\n")
    going = found.lets_go
    for place, names in (("dataset", sorted(going.datasets)), ("lines", going.lines)):
        for name in names:
            sys.stdout.write(f"  lets go of {place} {name}\n")
    if going.held is not None:
        sys.stdout.write(f"  lets no dataset and no lines go: {going.held}\n")
    for place, why in sorted(going.stuck.items()):
        sys.stdout.write(f"  cannot let go of {place}: {why}\n")


def _print(record: Any) -> None:
    content = msgspec.json.format(msgspec.json.encode(record), indent=2)
    sys.stdout.buffer.write(content + b"\n")
