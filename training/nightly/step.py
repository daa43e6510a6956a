"""One step of the night: a plain function, what it takes, what it gives, what decides it."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol, get_type_hints, runtime_checkable

import msgspec

from bentos.contract.errors import ContractError
from training.fingerprint import key_of


@runtime_checkable
class Given(Protocol):
    """What a step gives: a JSON-able struct with a digest of all that later steps depend on."""

    @property
    def digest(self) -> str:
        """SHA-256 hex; equal for equal results, wherever and whenever they were made."""
        ...


def always(_output: Any) -> bool:
    """For outputs that are nothing but their record."""
    return True


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """``run(night, *arguments, *outputs of needs)`` gives ``gives``.

    ``decides``: what else the result depends on, such as code and settings. ``cached``: the
    same inputs give the same, so it is not done again; what asks the world is not. ``anew``: not
    even taken from the same run when it is resumed. ``present``:
    whether the files an output names are still there, whole.
    """

    name: str
    needs: tuple[str, ...]
    run: Callable[..., Any]
    gives: type[Any]
    decides: Mapping[str, Any] = {}
    arguments: tuple[str, ...] = ()
    cached: bool = True
    anew: bool = False
    present: Callable[[Any], bool] = always

    def key(self, inputs: Mapping[str, str]) -> str:
        """What a result is kept under: name, digests of the inputs, and whatever decides it."""
        return key_of(
            step=self.name,
            arguments=self.arguments,
            inputs=dict(inputs),
            decides=dict(self.decides),
        )


def check_plan(steps: tuple[Step, ...]) -> None:
    """Raise ContractError unless every step needs earlier ones and takes what they give."""
    given: dict[str, type[Any]] = {}
    for step in steps:
        if step.name in given:
            raise ContractError(f"step {step.name}", "a name of its own", step.name)
        for need in step.needs:
            if need not in given:
                raise ContractError(f"step {step.name}", "to need earlier steps only", need)
        hints = get_type_hints(step.run)
        answer = hints.pop("return", None)
        taken = list(hints.values())[1 + len(step.arguments) :]
        wanted = [given[need] for need in step.needs]
        if taken != wanted or answer is not step.gives:
            raise ContractError(
                f"step {step.name}", _shown(wanted, step.gives), _shown(taken, answer)
            )
        given[step.name] = step.gives


def _shown(taken: list[Any], given: Any) -> str:
    names = [getattr(kind, "__name__", str(kind)) for kind in (*taken, given)]
    return f"({', '.join(names[:-1])}) → {names[-1]}"
