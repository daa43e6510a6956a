"""What the command's exit code says; scripts rely on it."""

from enum import IntEnum


class ExitCode(IntEnum):
    """Documented in docs/cli.md."""

    OK = 0
    FAILURE = 1
    BAD_INPUT = 2
    DENIED = 3
    CONFLICT = 4
    UNREACHABLE = 5


_OF_STATUS = {
    400: ExitCode.BAD_INPUT,
    401: ExitCode.DENIED,
    403: ExitCode.DENIED,
    404: ExitCode.BAD_INPUT,
    409: ExitCode.CONFLICT,
    412: ExitCode.CONFLICT,
    413: ExitCode.BAD_INPUT,
    422: ExitCode.BAD_INPUT,
    428: ExitCode.BAD_INPUT,
}


def of_status(status: int) -> ExitCode:
    """The exit code of an HTTP status that is no success."""
    return _OF_STATUS.get(status, ExitCode.FAILURE)
