"""Commands of training: every step alone, one model, or all of them.

Exit codes: 0 done, 1 a build failed (parity), or the control plane or Shopify refused, 2 bad
input, 3 another sync of the shop is running.
"""

import sys
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from pydantic import ValidationError

from bentos.contract.errors import ContractError
from bentos.shopify_admin.errors import ShopifyError
from training import consent_commands, progress, steps
from training import run as runs
from training.errors import ParityError, StoreError
from training.lines import Lines, OrderSource, prepare_lines
from training.nightly import commands as nightly_commands
from training.nightly.errors import BusyError
from training.options import AsJson, AsOf, Basis, KeyFile, MappingName, OfShop, Orders
from training.pseudonyms import KEY_FILE, load_key
from training.recipes import RECIPES, Request, recipe, unit_cost_assumption
from training.redaction.commands import redact
from training.redaction.lock import using
from training.register import RegisterError, read_key, register
from training.settings import Settings
from training.shop import cli as shop_commands
from training.shop.errors import SyncError, SyncRunning

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    help="Train, package and register the models of a shop, from its orders.",
)

nightly_commands.register(app)
app.command("redact")(redact)
app.add_typer(shop_commands.app, name="shop")
app.add_typer(consent_commands.app, name="consent")


@app.command("run")
def run_model(  # noqa: PLR0913 - options of a command
    *,
    model: Annotated[str, typer.Option(help=f"One of {sorted(RECIPES)}.")],
    orders: Orders = None,
    shop: OfShop = False,
    mapping: MappingName = None,
    consent_basis: Basis = None,
    pseudonym_key_file: KeyFile = None,
    as_of: AsOf = None,
    as_json: AsJson = False,
) -> None:
    """Make one version of one model."""
    wanted = f"{model}@{as_of}" if as_of else model
    source = _source(orders, mapping, consent_basis, pseudonym_key_file, shop=shop)
    _run(source, (wanted,), as_json=as_json)


@app.command("run-all")
def run_all(
    *,
    version: Annotated[
        list[str] | None,
        typer.Option(help="MODEL or MODEL@AS_OF, repeatable; default: every model on all orders."),
    ] = None,
    orders: Orders = None,
    shop: OfShop = False,
    mapping: MappingName = None,
    consent_basis: Basis = None,
    pseudonym_key_file: KeyFile = None,
    as_json: AsJson = False,
) -> None:
    """Make several versions in one process, in the given order."""
    source = _source(orders, mapping, consent_basis, pseudonym_key_file, shop=shop)
    _run(source, tuple(version or RECIPES), as_json=as_json)


@app.command("step")
def step(  # noqa: PLR0913 - options of a command
    name: Annotated[str, typer.Argument(help=f"One of: {', '.join(steps.NAMES)}.")],
    *,
    model: Annotated[str, typer.Option(help=f"One of {sorted(RECIPES)}.")] = "fraud",
    orders: Orders = None,
    shop: OfShop = False,
    mapping: MappingName = None,
    consent_basis: Basis = None,
    pseudonym_key_file: KeyFile = None,
    as_of: AsOf = None,
) -> None:
    """Run up to one step and print what it gives, as JSON. What is unchanged is not done again."""
    settings = Settings()
    source = _source(orders, mapping, consent_basis, pseudonym_key_file, shop=shop)
    with using(settings.lake):
        _print(steps.run_step(settings, name, source, model, as_of))


@app.command("materialize")
def fill_online_store(  # noqa: PLR0913 - options of a command
    *,
    orders: Orders = None,
    shop: OfShop = False,
    mapping: MappingName = None,
    consent_basis: Basis = None,
    pseudonym_key_file: KeyFile = None,
    as_of: AsOf = None,
    at: Annotated[
        str | None,
        typer.Option(help="Moment the values count as made: RFC 3339, or now (replayed orders)."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Fill the online feature store from orders; gateways go over to it within a second."""
    from training.materialize import materialize, moment_of  # noqa: PLC0415 - DuckDB, LMDB

    settings = Settings()
    progress.set_quiet(as_json and not (sys.stderr.isatty() or settings.progress))
    source = _source(orders, mapping, consent_basis, pseudonym_key_file, shop=shop)
    with using(settings.lake):
        lines = prepare_lines(settings, source)
        report = materialize(
            settings,
            lines,
            load_key(source.pseudonym_key_file or settings.keys / KEY_FILE),
            as_of=runs.as_of_moment(as_of, lines),
            at=moment_of(at),
        )
    if as_json:
        _print(report)
        return
    generation = report.generation
    sys.stdout.write(f"{generation.name} as of {generation.as_of} in {report.place}\n")
    for tag, contents in generation.views.items():
        fields = ", ".join(contents.fields)
        sys.stdout.write(f"  {tag}  {contents.records} of {contents.entity}: {fields}\n")


@app.command(
    "features",
    # Help and options are those of the commands below it.
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    add_help_option=False,
)
def features(context: typer.Context) -> None:
    """Feature views: list, show, check, compute."""
    from training.features.commands import app as commands  # noqa: PLC0415 - Ibis takes a second

    commands(args=context.args, prog_name="python -m training features")


@app.command("register")
def register_version(
    manifest: Annotated[Path, typer.Option(help="A version's manifest.json.")],
    control_plane: Annotated[str, typer.Option(help="Its address, such as http://127.0.0.1:8081.")],
    key_file: Annotated[Path, typer.Option(help="File with the service key, keys/trainer.key.")],
) -> None:
    """Register a version with the control plane; doing it again changes nothing."""
    _print(register(manifest, control_plane, read_key(key_file)))


def main(arguments: list[str] | None = None) -> int:
    """Entry point; errors go to stderr as one line and give the exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    # ``signalbox train --reproduce VERSION`` is how people ask for it.
    if given[:1] == ["--reproduce"]:
        given = ["reproduce", *given[1:]]
    try:
        app(args=given)
    except ContractError as error:
        return _fail(str(error), 2)
    except ValidationError as error:
        return _fail("; ".join(_setting_problem(problem) for problem in error.errors()), 2)
    except BusyError as error:
        return _fail(str(error), nightly_commands.BUSY)
    except (ParityError, RegisterError, ShopifyError, StoreError, SyncError) as error:
        return _fail(str(error), 3 if isinstance(error, SyncRunning) else 1)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    return 0


def _fail(message: str, code: int) -> int:
    sys.stderr.write(f"error: {message}\n")
    return code


def _setting_problem(problem: Any) -> str:
    name = "SIGNALBOX_" + "_".join(str(part) for part in problem["loc"]).upper()
    return f"{name}: {problem['msg']}, got {problem['input']!r}"


def _source(
    orders: Path | None,
    mapping: str | None,
    basis: str | None,
    key_file: Path | None,
    *,
    shop: bool,
) -> OrderSource:
    return OrderSource(
        orders=orders,
        shop=shop,
        mapping=mapping,
        consent_basis=basis,
        pseudonym_key_file=key_file,
    )


def _run(source: OrderSource, wanted: tuple[str, ...], *, as_json: bool) -> None:
    settings = Settings()
    progress.set_quiet(as_json and not (sys.stderr.isatty() or settings.progress))
    for text in wanted:
        recipe(text.partition("@")[0])
    models = tuple(text.partition("@")[0] for text in wanted)
    with using(settings.lake):
        lines = prepare_lines(settings, source, models)
        requests = tuple(_request(text, lines, settings.seed) for text in wanted)
        if not as_json:
            _announce(settings, lines, requests)
        report = runs.run(settings, lines, requests)
    if as_json:
        _print(report)
    else:
        _summarise(report)


def _request(text: str, lines: Lines, seed: int) -> Request:
    model, _, as_of = text.partition("@")
    return Request(model=model, as_of=runs.as_of_moment(as_of or None, lines), seed=seed)


def _announce(settings: Settings, lines: Lines, requests: tuple[Request, ...]) -> None:
    """What is assumed is said before anything is made of it."""
    report: dict[str, Any] = lines.report
    sys.stderr.write(
        f"{report['file']} ({lines.mapping}): {report['rows']} rows, "
        f"{report['lines']} order lines, {report['orders']} orders, "
        f"{report['customers']} customers, {report['first']} to "
        f"{report['last']} UTC, {report['currency']}\n"
    )
    for reason, count in report["dropped"].items():
        sys.stderr.write(f"  dropped {count}: {reason}\n")
    if report["lines_without_customer"]:
        sys.stderr.write(f"  kept without customer: {report['lines_without_customer']}\n")
    if report["returns"]:
        sys.stderr.write(f"  returns and cancellations: {report['returns']}\n")
    assumptions = list(lines.assumptions)
    for model in dict.fromkeys(request.model for request in requests):
        assumptions += unit_cost_assumption(settings, lines, model)
    for assumption in assumptions:
        sys.stderr.write(f"  assumed: {assumption}\n")


def _summarise(report: runs.RunReport) -> None:
    for version in report.versions:
        offline = version.offline
        primary = offline["primary"]
        sys.stdout.write(
            f"{version.version}  {version.state}{'  (unchanged)' if version.cached else ''}\n"
            f"  {primary} {offline['model'][primary]:.4f}, {offline['baseline_name']}: "
            f"{offline['baseline'][primary]:.4f}\n"
            f"  parity: {version.parity['rows'] + version.parity['edge_rows']} rows, "
            f"largest error {version.parity['max_abs_error']:.2g}\n"
            f"  dataset {version.dataset_digest[:16]}, manifest {version.manifest_path}\n"
        )
        if version.rejection:
            sys.stdout.write(f"  rejected: {version.rejection}\n")
    sys.stdout.write(f"{report.total_seconds:.1f} s, at most {report.peak_rss_mb:.0f} MB\n")


def _print(record: Any) -> None:
    content = msgspec.json.format(msgspec.json.encode(record), indent=2)
    sys.stdout.buffer.write(content + b"\n")
