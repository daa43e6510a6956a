"""What may become of a delivery."""

from enum import StrEnum


class DeliveryState(StrEnum):
    """``dead``: given up; it stays in the list of dead letters until it is ordered again or old."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"
