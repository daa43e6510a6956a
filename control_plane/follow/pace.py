"""How an upstream is asked; seconds."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Pace:
    """``poll_s`` between two polls; a stream silent for ``silence_s`` is given up; nothing heard
    for ``late_s`` is an alarm."""

    poll_s: float
    silence_s: float
    late_s: float
