"""The digest that pins a version's artifact: what the manifest states and the worker checks."""

import hashlib
from collections.abc import Mapping


def bento_digest(files: Mapping[str, bytes]) -> str:
    """SHA-256 hex over ``path ‖ 0x00 ‖ SHA-256(content)`` of each file, sorted by path.

    Paths are relative, with forward slashes. Files that carry the time of building
    (bento.yaml, model.yaml) are left out by the caller, so equal builds have equal digests.
    """
    overall = hashlib.sha256()
    for path in sorted(files):
        overall.update(path.encode() + b"\x00" + hashlib.sha256(files[path]).digest())
    return overall.hexdigest()
