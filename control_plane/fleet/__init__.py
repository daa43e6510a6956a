"""The fleet: its own process, which keeps the workers that routes need running, warm, reported.

It shares no code with the control plane's other slices and speaks HTTP with it, so killing
the control plane stops no worker. Where workers run is behind one protocol (launcher.py).
"""
