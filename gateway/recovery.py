"""Closes segments that dead processes left open: at a gateway's start, and by the shipper.

A live process holds a lock on the segment it writes, so two processes of one worker (a
rolling restart) never touch each other's.
"""

import fcntl
import os
import time
from pathlib import Path

import structlog

from bentos.contract.errors import ContractError
from bentos.contract.segment import (
    CLOSED_SUFFIX,
    HELD_SUFFIX,
    OPEN_SUFFIX,
    SegmentHeader,
    read_frames,
    whole_length,
)

log = structlog.get_logger(__name__)

# A segment has this suffix until it is locked and has its header. Until then it holds no decision,
# and whoever makes it may not have come to the lock yet: it is left alone while it is young.
NEW_SUFFIX = ".new"
NEW_FOR_S = 60.0


def close_left_open(folder: Path) -> None:
    """Close every segment nobody holds: a torn tail is cut off, what is damaged is set aside."""
    for path in folder.glob(f"*{NEW_SUFFIX}"):
        _drop_if_old(path)
    for path in sorted(folder.glob(f"*{OPEN_SUFFIX}")):
        try:
            file = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            continue
        try:
            hold_lock(file)
            # Whoever held it until now may have closed it for good.
            if path.exists():
                _close(path, file)
        except BlockingIOError:
            continue
        finally:
            os.close(file)


def hold_lock(file: int) -> None:
    """Lock a segment for as long as ``file`` is open; BlockingIOError when another holds it."""
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def set_aside(path: Path, error: ContractError) -> None:
    """Keep a segment that cannot be shipped for a person to look at, and say so.

    The value at fault is left out: it may be a shopper's.
    """
    path.replace(path.with_suffix(HELD_SUFFIX))
    log.error("segment_held", segment=path.stem, field=error.field, expected=error.expected)


def _drop_if_old(path: Path) -> None:
    """Its maker died before it had a header."""
    try:
        if time.time() - path.stat().st_mtime > NEW_FOR_S:
            path.unlink()
    except FileNotFoundError:
        return  # it has its name now


def _close(path: Path, file: int) -> None:
    try:
        length = whole_length(path)
        empty = not any(not isinstance(frame, SegmentHeader) for frame in read_frames(path))
    except ContractError as error:
        set_aside(path, error)
        return
    torn = os.fstat(file).st_size - length
    if torn:
        log.warning("segment_tail_cut", segment=path.stem, bytes=torn)
    if empty:
        path.unlink()
        return
    os.ftruncate(file, length)
    path.replace(path.with_suffix(CLOSED_SUFFIX))
