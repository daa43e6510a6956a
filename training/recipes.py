"""How each model is made: its snapshot and its fit. Imports are late, so that a run in which
nothing changed loads neither scikit-learn nor onnx."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import msgspec

from bentos.contract.errors import ContractError
from bentos.contract.features import FeatureSchema, views_of
from bentos.contract.signature import ModelSignature
from bentos.fraud import schema as fraud
from bentos.pricing import schema as pricing
from bentos.recommendations import schema as recommendations
from training.fitted import Fitted
from training.lines import Lines
from training.settings import Settings

# Modules every model's result depends on.
SHARED_CODE = (
    "training/fitted.py",
    "training/graph.py",
    "training/parity.py",
    "training/order_file.py",
    "training/sales_arrays.py",
)


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One version to make: which model, on orders before when (None: all), which seed."""

    model: str
    as_of: datetime | None = None
    seed: int


class Recipe(msgspec.Struct, frozen=True, kw_only=True):
    """``snapshot`` fills a folder and returns its rows; ``fit`` reads it."""

    signature: ModelSignature
    features: FeatureSchema
    snapshot: Callable[[Settings, Lines, Request, Path], int]
    fit: Callable[[Path, int], Fitted]
    windows: Callable[[Path], dict[str, int]]
    needs_unit_cost: bool = False

    @property
    def code(self) -> tuple[str, ...]:
        """Source that decides the result."""
        model = self.signature.model
        views = ("training/features",) if views_of(self.features) else ()
        own = (f"training/{model}", f"bentos/{model}/schema.py", "bentos/contract")
        return (*SHARED_CODE, *own, *views)


def recipe(model: str) -> Recipe:
    """The recipe of a model; raises ContractError for an unknown one."""
    if model not in RECIPES:
        raise ContractError("--model", f"one of {sorted(RECIPES)}", model)
    return RECIPES[model]


def _fraud_snapshot(settings: Settings, lines: Lines, request: Request, folder: Path) -> int:
    from training.fraud.features import write_snapshot  # noqa: PLC0415
    from training.orders import connect  # noqa: PLC0415

    with connect(settings.training_memory, settings.training_threads, settings.spill) as connection:
        return write_snapshot(
            connection,
            Path(lines.path),
            folder,
            as_of=request.as_of,
            timezone=lines.timezone,
            seed=request.seed,
        )


def _recommendations_snapshot(
    settings: Settings, lines: Lines, request: Request, folder: Path
) -> int:
    from training.orders import connect  # noqa: PLC0415
    from training.recommendations.features import write_snapshot  # noqa: PLC0415

    with connect(settings.training_memory, settings.training_threads, settings.spill) as connection:
        return write_snapshot(connection, Path(lines.path), folder, as_of=request.as_of)


def _pricing_snapshot(settings: Settings, lines: Lines, request: Request, folder: Path) -> int:
    from training.orders import connect  # noqa: PLC0415
    from training.pricing.features import write_snapshot  # noqa: PLC0415

    with connect(settings.training_memory, settings.training_threads, settings.spill) as connection:
        return write_snapshot(
            connection,
            Path(lines.path),
            folder,
            as_of=request.as_of,
            unit_cost_ratio=settings.unit_cost_ratio,
        )


def _fit_fraud(folder: Path, seed: int) -> Fitted:
    from training.fraud.fit import fit  # noqa: PLC0415

    return fit(folder, seed)


def _fit_recommendations(folder: Path, seed: int) -> Fitted:
    from training.recommendations.fit import fit  # noqa: PLC0415

    return fit(folder, seed)


def _fit_pricing(folder: Path, seed: int) -> Fitted:
    from training.pricing.fit import fit  # noqa: PLC0415

    return fit(folder, seed)


def _fraud_windows(folder: Path) -> dict[str, int]:
    from training.fraud.windows import windows  # noqa: PLC0415

    return windows(folder)


def _recommendations_windows(folder: Path) -> dict[str, int]:
    from training.recommendations.windows import windows  # noqa: PLC0415

    return windows(folder)


def _pricing_windows(folder: Path) -> dict[str, int]:
    from training.pricing.windows import windows  # noqa: PLC0415

    return windows(folder)


RECIPES: dict[str, Recipe] = {
    fraud.MODEL: Recipe(
        signature=fraud.SIGNATURE,
        features=fraud.SCHEMA,
        snapshot=_fraud_snapshot,
        fit=_fit_fraud,
        windows=_fraud_windows,
    ),
    recommendations.MODEL: Recipe(
        signature=recommendations.SIGNATURE,
        features=recommendations.SCHEMA,
        snapshot=_recommendations_snapshot,
        fit=_fit_recommendations,
        windows=_recommendations_windows,
    ),
    pricing.MODEL: Recipe(
        signature=pricing.SIGNATURE,
        features=pricing.SCHEMA,
        snapshot=_pricing_snapshot,
        fit=_fit_pricing,
        windows=_pricing_windows,
        needs_unit_cost=True,
    ),
}


def unit_cost_assumption(settings: Settings, lines: Lines, model: str) -> list[str]:
    """The ratio used where the orders name no cost; empty where they do or it is not needed."""
    if not recipe(model).needs_unit_cost or lines.report["has_unit_cost"]:
        return []
    ratio = settings.unit_cost_ratio
    return [f"unit cost is taken as {ratio:.0%} of the usual price: the orders name none"]
