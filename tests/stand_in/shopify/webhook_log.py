"""What was sent to whom and how it was answered, for a test to compare with what arrived."""

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from tests.stand_in.shopify.webhook_delivery import Delivery
from tests.stand_in.shopify.webhook_post import Answer


@dataclass
class Sent:
    """One delivery's fate so far. ``sends`` counts first sends, duplicates and retries."""

    webhook_id: str
    event_id: str
    topic: str
    subscription_id: str
    forged: bool
    sends: int = 0
    statuses: tuple[int, ...] = ()
    delivered: bool = False
    given_up: bool = False
    dropped: bool = False


class WebhookLog:
    """All deliveries of this process, oldest first, and how long the answers took."""

    def __init__(self) -> None:
        self._sent: dict[str, Sent] = {}
        self._took_s: list[float] = []
        self._statuses: Counter[int] = Counter()

    def begin(self, delivery: Delivery) -> Sent:
        """Remember a delivery before it is sent."""
        sent = Sent(
            delivery.webhook_id,
            delivery.event_id,
            delivery.topic,
            delivery.subscription_id,
            delivery.forged,
        )
        self._sent[delivery.webhook_id] = sent
        return sent

    def event_of(self, webhook_id: str) -> str:
        """The event id of a delivery."""
        return self._sent[webhook_id].event_id

    def note(self, webhook_id: str, answer: Answer) -> None:
        """One send was answered."""
        sent = self._sent[webhook_id]
        sent.sends += 1
        sent.statuses = (*sent.statuses, answer.status)
        sent.delivered = sent.delivered or answer.is_success
        self._took_s.append(answer.took_s)
        self._statuses[answer.status] += 1

    def give_up(self, webhook_id: str) -> None:
        """All retries are spent."""
        self._sent[webhook_id].given_up = True

    def page(self, after: int, limit: int) -> list[dict[str, Any]]:
        """Deliveries from number ``after`` on."""
        return [asdict(sent) for sent in list(self._sent.values())[after : after + limit]]

    def summary(self) -> dict[str, Any]:
        """Counts, and the answers' latency in the machine's milliseconds."""
        genuine = [sent for sent in self._sent.values() if not sent.forged]
        return {
            "deliveries": len(genuine),
            "forged": len(self._sent) - len(genuine),
            "delivered": sum(sent.delivered for sent in genuine),
            "dropped": sum(sent.dropped for sent in genuine),
            "given_up": sum(sent.given_up for sent in genuine),
            "forged_accepted": sum(sent.delivered for sent in self._sent.values() if sent.forged),
            "sends": len(self._took_s),
            "statuses": {str(status): count for status, count in sorted(self._statuses.items())},
            "answer_ms": {name: self._quantile_ms(share) for name, share in _SHARES.items()},
        }

    def _quantile_ms(self, share: float) -> float | None:
        if not self._took_s:
            return None
        ordered = sorted(self._took_s)
        return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000, 3)


_SHARES = {"p50": 0.50, "p99": 0.99, "max": 1.0}
