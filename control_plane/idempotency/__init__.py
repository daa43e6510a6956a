"""A write that is sent again is not done again: the Idempotency-Key header."""
