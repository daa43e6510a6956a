"""How large a payload gets for those who are sent it whole."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from control_plane.growthbook.frames import MAX_LINE_BYTES
from control_plane.lint.finding import Finding, Place
from control_plane.releases.condition import MAX_BYTES

WARN_BYTES = 256 * 1024
_AROUND = len('{"status":200,"features":{},"dateUpdated":"2026-11-23T08:30:00.000000Z"}')


def check_sizes(
    features: Mapping[str, Any], audiences: Mapping[str, frozenset[str]]
) -> Iterator[Finding]:
    """One finding for each audience whose frame is too long, or soon will be."""
    sizes = {key: len(msgspec.json.encode({key: value})) for key, value in features.items()}
    whole = "everybody who sees all features"
    for name, seen in {whole: frozenset(sizes), **audiences}.items():
        size = _AROUND + sum(sizes[key] for key in seen if key in sizes)
        if size > MAX_LINE_BYTES and name != whole:
            found = f"{size} bytes for {name}, more than {MAX_LINE_BYTES}"
            do = "name fewer models in its key, or shorten conditions: SDKs miss what is longer"
            yield Place().error("frame-size", found, do)
        elif size > WARN_BYTES:
            found = f"{size} bytes for {name}; a frame is at most {MAX_LINE_BYTES}"
            yield Place().warning("frame-size", found, "shorten conditions while there is time")


def check_condition_size(condition: Any, place: Place) -> Iterator[Finding]:
    """Every gateway reads it for every request."""
    size = len(msgspec.json.encode(condition))
    if size > MAX_BYTES:
        do = f"at most {MAX_BYTES}: put long lists into an attribute"
        yield place.error("condition-size", f"{size} bytes", do)
