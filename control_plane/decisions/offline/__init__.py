"""Verifies the evidence for one decision with public keys and nothing else.

Imports ``control_plane.audit.offline``, the standard library and ``cryptography``. Every hashed
record stands in the file as the canonical text that was hashed, so nothing is encoded again here.
"""
