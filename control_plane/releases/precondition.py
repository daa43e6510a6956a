"""The revision a caller says they read: ``If-Match`` or ``expected_revision``, one of the two.

The entity tag of a release is its revision, ``"7"``. Only a single strong one is taken: a list
or ``*`` would let a write pass over a change its author has not seen.
"""

import re
from typing import Annotated

from fastapi import Header

from bentos.contract.errors import ContractError

IfMatch = Annotated[
    str | None, Header(description='The entity tag that was read, e.g. `"7"`.', max_length=40)
]
_TAG = re.compile(r'"(?P<revision>[1-9][0-9]{0,17})"')


def entity_tag(revision: int) -> str:
    """The strong entity tag of a revision."""
    return f'"{revision}"'


def expected(if_match: str | None, in_body: int | None) -> int | None:
    """The revision meant; raises ContractError for a tag that names none or for two that differ."""
    if if_match is None:
        return in_body
    found = _TAG.fullmatch(if_match.strip())
    if found is None:
        raise ContractError("If-Match", 'the ETag of the release, e.g. "7"', if_match)
    revision = int(found["revision"])
    if in_body not in (None, revision):
        raise ContractError("expected_revision", f"{revision}, as in If-Match", in_body)
    return revision
