"""A caller's W3C trace context, read without OpenTelemetry (www.w3.org/TR/trace-context, §3.2)."""

import re
from typing import NamedTuple

# A later version may have more after the flags, never something else before them.
_FORM = re.compile(rb"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?")
_SAMPLED = 0x01


class TraceParent(NamedTuple):
    """Trace and parent span, as hexadecimal digits, and the flags."""

    trace: bytes
    span: bytes
    flags: int

    @property
    def sampled(self) -> bool:
        """Whether the caller keeps this trace."""
        return bool(self.flags & _SAMPLED)

    def header(self) -> bytes:
        """The header as version 00 has it: nothing a caller added goes along."""
        return b"00-%b-%b-%02x" % (self.trace, self.span, self.flags & _SAMPLED)


def read(header: bytes | None) -> TraceParent | None:
    """A caller's header; None for none, or one that is none."""
    match = _FORM.fullmatch(header) if header else None
    if match is None:
        return None
    found = TraceParent(match[1], match[2], int(match[3], 16))
    # All zeros are no ids (§3.2.2.3, §3.2.2.4).
    return found if found.trace.strip(b"0") and found.span.strip(b"0") else None
