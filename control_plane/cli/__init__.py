"""The ``signalbox`` command: starts processes and speaks HTTP; imports no slice."""

from control_plane.cli.app import main

__all__ = ["main"]
