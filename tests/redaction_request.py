"""A wish to be erased, as the control plane or the ingress writes it."""

from typing import Any

import msgspec

from bentos.contract.redaction import RedactionKind, RedactionRequest

REQUEST = RedactionRequest(
    id="r-17",
    kind=RedactionKind.CUSTOMER,
    reason="customers/redact",
    requested_at="2026-11-20T10:00:00Z",
    due_at="2026-12-20T10:00:00Z",
    shop="demo-shop",
    subjects=("ABCDEFGHIJKLMNOPQRSTUVWX27",),
)


def redaction_request(**changes: Any) -> RedactionRequest:
    """Of one customer, but for what is said otherwise."""
    return msgspec.structs.replace(REQUEST, **changes)
