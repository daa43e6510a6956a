"""Verifies proofs and exports of a register with a public key and nothing else.

Imports nothing of Signalbox but itself (standard library and ``cryptography``; ``pyarrow`` for
Parquet only), so that it can be handed, as one file (``verify.pyz`` in every export), to whoever
is to believe the register without trusting its owner. It derives trees in its own, recursive
way, straight from RFC 6962 §2.1.
"""
