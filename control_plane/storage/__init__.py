"""The two engines below ``db.py``, and what keeps their contents safe."""
