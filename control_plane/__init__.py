"""The control plane: registers, approves, publishes, and writes everything down."""
