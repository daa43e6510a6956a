"""Parts of pages that are written from code, between two markers, so that they cannot differ."""

from bentos.contract.errors import ContractError

END = "<!-- end: drawn -->"


def begin(source: str) -> str:
    """The marker before what is written from this file."""
    return f"<!-- begin: drawn from {source} -->"


def redraw(page: str, source: str, drawing: str) -> str:
    """The page with its drawing made anew; raises ContractError without the markers."""
    head, found, rest = page.partition(begin(source))
    _, end, tail = rest.partition(END)
    if not (found and end):
        raise ContractError("page", f"the lines {begin(source)} and {END}", "a page without them")
    return f"{head}{begin(source)}\n{drawing}\n{END}{tail}"
