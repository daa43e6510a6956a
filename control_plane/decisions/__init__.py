"""Decisions in the lake: found, proved, run again, kept as long as they may be, erased."""
