"""Header lines → one value a name. Lines of one name mean a list (RFC 9110 §5.3): whoever reads a
header of which there can be but one must not get the line that happens to stand last."""

from collections.abc import Sequence


def by_name(lines: Sequence[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """The value of each name; those of a name that comes several times, in order, with commas."""
    headers = dict(lines)
    if len(headers) == len(lines):
        return headers
    found: dict[bytes, list[bytes]] = {}
    for name, value in lines:
        found.setdefault(name, []).append(value)
    return {name: b", ".join(values) for name, values in found.items()}
