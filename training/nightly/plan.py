"""The list of steps, in order: what a night is. Everything else carries it out."""

from collections.abc import Callable
from functools import partial
from typing import Any

from training.fingerprint import lock_digest, source_digest
from training.lake import Snapshot
from training.nightly import (
    aliases,
    card,
    desk_steps,
    fit_files,
    model_steps,
    order_steps,
    redact_step,
    view_steps,
)
from training.nightly import outputs as given
from training.nightly.settings import NightlySettings
from training.nightly.step import Step, always, check_plan
from training.recipes import recipe
from training.run import PACKAGE_CODE, snapshot_stands
from training.settings import Settings

ORDER_STEPS = ("sync", "consent", "pseudonymise", "check")
MODEL_STEPS = ("features", "split", "fit", "champion", "evaluate", "export", "package", "card")
DESK_STEPS = ("register", "draft", "aliases")
OWN_CODE = "training/nightly"


def plan(
    settings: Settings, nightly: NightlySettings, models: tuple[str, ...], *, desk: bool
) -> tuple[Step, ...]:
    """Every step of a night over these models; without a control plane nothing leaves the lake."""
    steps = [*_order_steps()]
    for model in models:
        steps += _model_steps(settings, nightly, model, desk=desk)
        if desk:
            steps += _desk_steps(model)
    steps += _view_steps()
    check_plan(tuple(steps))
    return tuple(steps)


def _order_steps() -> list[Step]:
    """Not cached here: what they ask is cheap to ask again, and lines have a cache of their own."""
    return [
        Step(
            name="redact",
            needs=(),
            run=redact_step.redact,
            gives=given.Redacted,
            cached=False,
            # Who asked after a kill is erased before the night goes on.
            anew=True,
        ),
        Step(
            name="sync",
            needs=("redact",),
            run=order_steps.sync,
            gives=given.Synced,
            cached=False,
        ),
        Step(
            name="consent",
            needs=("sync",),
            run=order_steps.consented,
            gives=given.Consented,
            cached=False,
            # What was allowed before a kill may be withdrawn after it.
            anew=True,
        ),
        Step(
            name="pseudonymise",
            needs=("sync", "consent"),
            run=order_steps.pseudonymise,
            gives=given.Pseudonymised,
            cached=False,
            present=order_steps.lines_stand,
        ),
        Step(
            name="check",
            needs=("sync", "pseudonymise"),
            run=order_steps.check,
            gives=given.Checked,
            cached=False,
        ),
    ]


def _view_steps() -> list[Step]:
    """Last, so that a store that is away costs no version. Not cached: values that lie in the
    lake are known by their own digests, and a generation is filled every night."""
    return [
        Step(
            name="views",
            needs=("check",),
            run=view_steps.compute,
            gives=given.Views,
            cached=False,
        ),
        Step(
            name="online",
            needs=("check", "views"),
            run=view_steps.publish,
            gives=given.Online,
            cached=False,
        ),
    ]


def _model_steps(
    settings: Settings, nightly: NightlySettings, model: str, *, desk: bool
) -> list[Step]:
    base = {
        "lock": lock_digest(),
        "seed": settings.seed,
        "code": source_digest(*recipe(model).code),
    }
    own = base | {"nightly": source_digest(OWN_CODE)}
    features = base | {"cost": settings.unit_cost_ratio}
    judged = own | {"margin": nightly.nightly_margin, "rows": nightly.nightly_min_rows}
    step = partial(_model_step, model)
    who = desk_steps.champion if desk else desk_steps.nobody
    return [
        step("features", ("check",), model_steps.snapshot, Snapshot, features, snapshot_stands),
        step("split", ("features",), model_steps.split, given.Split, own),
        step("fit", ("features", "split"), model_steps.fit, given.Fit, base, fit_files.stands),
        step("champion", (), who, given.Champion, {}),
        step(
            "evaluate", ("features", "fit", "champion"), model_steps.evaluate, given.Judged, judged
        ),
        *_building_steps(settings, model, own),
    ]


def _building_steps(settings: Settings, model: str, own: dict[str, Any]) -> list[Step]:
    """From a fitted and judged model to a version with its card."""
    step = partial(_model_step, model)
    packaged = own | {"package": source_digest(*PACKAGE_CODE, f"bentos/{model}")}
    return [
        step(
            "export",
            ("features", "fit", "evaluate"),
            model_steps.export,
            given.Exported,
            own,
            model_steps.graph_stands,
        ),
        step(
            "package",
            ("check", "features", "fit", "evaluate", "export"),
            model_steps.package,
            given.Built,
            packaged,
            model_steps.version_stands(settings.bentoml_home),
        ),
        step(
            "card",
            ("check", "features", "split", "fit", "evaluate", "export", "package"),
            card.card,
            given.Card,
            own,
            card.stands,
        ),
    ]


def _model_step(
    model: str,
    name: str,
    needs: tuple[str, ...],
    run: Callable[..., Any],
    gives: type[Any],
    decides: dict[str, Any],
    present: Callable[[Any], bool] = always,
) -> Step:
    return Step(
        name=f"{name} {model}",
        needs=tuple(need if need in ORDER_STEPS else f"{need} {model}" for need in needs),
        run=run,
        gives=gives,
        decides=decides,
        arguments=(model,),
        present=present,
        cached=name != "champion",
    )


def _desk_steps(model: str) -> list[Step]:
    """Not cached: the control plane is told, and asked, anew each night."""
    return [
        Step(
            name=f"register {model}",
            needs=("check", f"package {model}", f"card {model}"),
            run=desk_steps.register,
            gives=given.Registered,
            arguments=(model,),
            cached=False,
        ),
        Step(
            name=f"draft {model}",
            needs=("check", f"register {model}", f"evaluate {model}", f"champion {model}"),
            run=desk_steps.draft,
            gives=given.Drafted,
            arguments=(model,),
            cached=False,
        ),
        Step(
            name=f"aliases {model}",
            needs=(f"draft {model}",),
            run=aliases.aliases,
            gives=given.Aliases,
            arguments=(model,),
            cached=False,
        ),
    ]
