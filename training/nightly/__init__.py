"""The nightly run: from a shop's orders to one draft release a model, step by step."""
