"""What the nightly runs of training came to, as they report it."""
