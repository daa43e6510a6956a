"""What ends the demo early, in words for the person in front of it."""


class DemoError(RuntimeError):
    """A step failed; the message says which, why and where its log is."""


class BadInputError(DemoError):
    """A step refused what it was given; the message is the step's own."""
