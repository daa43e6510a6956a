"""The closed sets that codes of a delivery's body are brought into. Pure."""

OTHER = "other"
CODES: dict[str, frozenset[str]] = {
    "cancel_reason": frozenset({"customer", "declined", "fraud", "inventory", "staff"}),
    "financial_status": frozenset(
        {"authorized", "expired", "paid", "partially_paid", "partially_refunded", "pending"}
        | {"refunded", "voided"}
    ),
    "fulfillment_status": frozenset({"fulfilled", "partial", "restocked", "null"}),
    "restock_type": frozenset({"no_restock", "cancel", "return", "legacy_restock"}),
    "transaction_kind": frozenset({"refund", "sale", "capture", "void", "authorization"}),
    "transaction_status": frozenset({"success", "pending", "failure", "error"}),
    "dispute_type": frozenset({"chargeback", "inquiry"}),
    "dispute_status": frozenset(
        {"needs_response", "under_review", "charge_refunded", "accepted", "won", "lost"}
        | {"prevented"}
    ),
    "dispute_reason": frozenset(
        {"bank_not_process", "credit_not_processed", "customer_initiated", "debit_not_authorized"}
        | {"duplicate", "fraudulent", "general", "incorrect_account_details", "noncompliant"}
        | {"insufficient_funds", "product_not_received", "product_unacceptable", "unrecognized"}
        | {"subscription_canceled"}
    ),
    "product_status": frozenset({"active", "archived", "draft", "unlisted"}),
    "bulk_status": frozenset({"completed", "failed", "canceled", "expired"}),
    "bulk_error": frozenset({"access_denied", "internal_server_error", "timeout"}),
}


def code_of(which: str, text: str | None) -> str | None:
    """The code, or ``other``; never what was typed."""
    if text is None:
        return None
    lowered = text.lower()
    return lowered if lowered in CODES[which] else OTHER
