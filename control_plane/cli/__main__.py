"""``python -m control_plane.cli``: the same as ``signalbox``."""

from control_plane.cli.app import main

main()
