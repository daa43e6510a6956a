"""What ends a step of the night: something that may pass, data that is not fit, a busy lake."""

from training.nightly.finding import Finding


class PassingError(RuntimeError):
    """It may work in a while: the network, a busy service. ``after_s``: asked to wait so long."""

    def __init__(self, message: str, after_s: float | None = None) -> None:
        self.after_s = after_s
        super().__init__(message)


class BadDataError(RuntimeError):
    """The orders are not fit to learn from. ``findings`` name each fault, with rows."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        self.findings = findings
        super().__init__("; ".join(str(finding) for finding in findings))


class BusyError(RuntimeError):
    """Another nightly run of this lake is under way."""


class DeskError(RuntimeError):
    """The control plane refused; saying the same again would change nothing."""
