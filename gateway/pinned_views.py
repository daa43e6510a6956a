"""Whether the store's values come from the definitions that schemas pin (``FeatureView.digest``).

Values of another definition look like any others and are silently wrong, so they are refused.
"""

import structlog
from msgspec import UNSET

from bentos.contract.errors import ContractError
from bentos.contract.feature_view import FeatureView
from bentos.contract.online_store import Generation, check_definition

log = structlog.get_logger(__name__)


class PinnedViews:
    """What was found of each view that was asked for, in the generation asked last."""

    def __init__(self) -> None:
        self._generation = ""
        self._found: dict[FeatureView, str | None] = {}

    def refuses(self, view: FeatureView, generation: Generation) -> bool:
        """Whether a generation's values of a view must not be served to this schema; said once
        a view and generation."""
        if view.digest is UNSET:
            return False
        if generation.name != self._generation:
            self._generation, self._found = generation.name, {}
        if view not in self._found:
            self._found[view] = self._judge(view, generation)
        return self._found[view] is not None

    def problems(self) -> list[str]:
        """What is refused of the generation asked last, and what to do about it."""
        return [problem for problem in self._found.values() if problem is not None]

    @staticmethod
    def _judge(view: FeatureView, generation: Generation) -> str | None:
        try:
            check_definition(generation, view)
        except ContractError as error:
            log.error("feature_view_refused", view=view.tag, problem=str(error))
            return str(error)
        return None
