"""How much goes in one transaction, so that nobody waits for it long; pure.

The inbox has one writer, and a delivery is answered once it is on the disk: what is taken away
meanwhile is taken in batches that a slow disk makes smaller and a quick one larger.
"""

AIM_S = 0.05
"""What a batch may take, roughly; a delivery waits for one at most."""
LEAST, MOST = 20, 1000
FIRST = 100


class Pace:
    """``size``: rows or orders of the next transaction."""

    def __init__(self, size: int = FIRST) -> None:
        self.size = size

    def took(self, seconds: float) -> None:
        """The last transaction lasted so long. One slow flush halves, one quick one doubles."""
        share = AIM_S / max(seconds, AIM_S / 2)
        self.size = max(LEAST, min(MOST, int(self.size * max(0.5, share))))
