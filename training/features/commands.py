"""``python -m training features``: what views there are, what they mean, whether they still do."""

import sys
from datetime import timedelta
from typing import Annotated, Any

import msgspec
import typer

from bentos.contract.errors import ContractError
from training import progress
from training.features import dialects, nights, offline, recorded, reference
from training.features.registry import VIEWS, view_of
from training.features.view import FeatureView
from training.lines import OrderSource, prepare_lines
from training.options import AsJson, Basis, KeyFile, MappingName, Orders
from training.redaction.lock import using
from training.run import as_of_moment
from training.settings import Settings

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    help="Feature views: definitions, SQL, values.",
)


@app.command("list")
def list_views(*, as_json: AsJson = False) -> None:
    """Every view, its entity, digest and how many moments the lake has values for."""
    root = Settings().offline_features
    found = [_described(view) | {"moments": len(offline.moments(root, view))} for view in VIEWS]
    if as_json:
        _print_json(found)
        return
    for view in found:
        days = view["ttl_s"] / 86_400
        sys.stdout.write(
            f"{view['view']:<22}{view['entity']:<10}{days:g} days  {view['digest'][:16]}  "
            f"{view['moments']} moments\n"
        )


@app.command("show")
def show_view(
    tag: Annotated[str, typer.Argument(help="A view, such as customer_orders@1.")],
    *,
    dialect: Annotated[
        str | None, typer.Option(help="SQL of one of: " + ", ".join(dialects.ALL))
    ] = None,
    as_json: AsJson = False,
) -> None:
    """What a view means: its fields, or its SQL in one dialect."""
    view = view_of(tag, "features show")
    if dialect is not None:
        sys.stdout.write(_sql(view, dialect))
    elif as_json:
        _print_json(_described(view) | {"about": view.about, "fields": view.fields})
    else:
        sys.stdout.write(reference.text_of(view))


@app.command("check")
def check_views(
    *,
    write: Annotated[
        bool, typer.Option("--write", help="Record new versions, and bring the page up to date.")
    ] = False,
) -> None:
    """Whether every version means what it was recorded to mean; exit code 2 if one does not."""
    for view in VIEWS:
        if write:
            recorded.write(view)
        recorded.check(view)
        if stale := recorded.stale_dialects(view):
            hint = "Ibis or sqlglot writes it otherwise now: look at both, then keep the new one."
            raise ContractError(f"SQL of {view.tag}", "what is recorded", ", ".join(stale), hint)
    if write:
        reference.write()
    if reference.PAGE.is_file() and not reference.is_current():
        hint = "Run: python -m training features check --write"
        raise ContractError("docs/features.md", "what the definitions say", "other text", hint)
    sys.stdout.write(f"{len(VIEWS)} views mean what they were recorded to mean\n")


@app.command("compute")
def compute_views(
    *,
    orders: Orders = None,
    mapping: MappingName = None,
    consent_basis: Basis = None,
    pseudonym_key_file: KeyFile = None,
    as_of: Annotated[str, typer.Option(help="The last moment: YYYY-MM-DD, or -30d.")] = "-0d",
    nights_before: Annotated[
        int, typer.Option("--nights", min=1, max=3660, help="How many nights up to it.")
    ] = 1,
    as_json: AsJson = False,
) -> None:
    """Values of every view into the lake, night by night; the online store stays as it is."""
    settings = Settings()
    progress.set_quiet(as_json and not (sys.stderr.isatty() or settings.progress))
    source = OrderSource(
        orders=orders,
        mapping=mapping,
        consent_basis=consent_basis,
        pseudonym_key_file=pseudonym_key_file,
    )
    with using(settings.lake):
        lines = prepare_lines(settings, source)
        last = as_of_moment(as_of, lines)
        assert last is not None
        moments = [last - timedelta(days=days) for days in reversed(range(nights_before))]
        made = nights.compute(settings, lines, moments)
    if as_json:
        _print_json(msgspec.to_builtins(made))
        return
    for partition in made:
        sys.stdout.write(
            f"{partition.view}  {partition.as_of}  {partition.rows} rows  {partition.digest[:16]}\n"
        )


def _described(view: FeatureView) -> dict[str, Any]:
    described: dict[str, Any] = msgspec.to_builtins(recorded.record_of(view))
    return described


def _sql(view: FeatureView, dialect: str) -> str:
    found = dialects.all_compiled(view.expr)
    if dialect not in found:
        raise ContractError("--dialect", f"one of {sorted(found)}", dialect)
    return found[dialect]


def _print_json(record: Any) -> None:
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n")
