"""What the gateway's exit code says; supervisors and scripts rely on it."""

from enum import IntEnum


class ExitCode(IntEnum):
    """Documented in docs/operation.md."""

    OK = 0
    "Asked to stop, and every request that was accepted was finished."
    FAILURE = 1
    "It could not start: the port is taken, keys are missing, no worker came up."
    BAD_INPUT = 2
    "A setting makes no sense."
    CUT_OFF = 3
    "Asked to stop, but a worker did not finish in its time and was killed."
