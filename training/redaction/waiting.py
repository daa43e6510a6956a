"""Which requests to be erased lie in the home without their record."""

from bentos import redaction_files
from bentos.contract.errors import ContractError
from training.settings import Settings


def waiting(settings: Settings, only: str | None = None) -> list[str]:
    """Their ids, readable or not; of one alone with ``only``, which raises ContractError if it
    was never asked for."""
    asked = [path.stem for path in redaction_files.request_files(settings.home)]
    done = {path.stem for path in redaction_files.record_files(settings.lake)}
    if only is not None:
        if only not in asked and only not in done:
            expected = f"a request in {settings.home / 'redactions' / 'requests'}"
            raise ContractError("--request", expected, only)
        asked = [name for name in asked if name == only]
    return [name for name in asked if name not in done]
