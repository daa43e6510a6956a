"""What ends the demo early, in words for the person in front of it."""


class DemoError(RuntimeError):
    """A step failed; the message says which, why and where its log is."""
