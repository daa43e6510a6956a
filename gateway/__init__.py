"""The data plane: inference request in, answer out."""
