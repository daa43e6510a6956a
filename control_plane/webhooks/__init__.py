"""Outgoing webhooks: what the register records, told to whoever subscribed (docs/webhooks.md)."""
