"""Commit to decision: an installation whose publishes are timed until each worker obeys them."""
