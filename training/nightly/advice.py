"""What to do about each thing that stops a night, and which of them a person may overrule.

What would make figures wrong (amounts below nothing, two currencies, orders of the future) is
mended at its source or declared in the mapping; what merely looks wrong may be meant.
"""

from bentos.contract.errors import ContractError

SCHEMA = "schema change"
CLOCK = "clock skew"
PRICE = "negative price"
CURRENCY = "currency mix"
COPIED = "duplicated day"
EMPTIED = "all-null column"
UNSEEN = "unseen categories"
STOPPED = "a table that stops"
UNREADABLE = "unreadable orders"
_DO = {
    SCHEMA: "Export the columns of last night again, or give the --mapping of the new ones",
    CLOCK: "Set the clock of what writes these orders, and export them again",
    PRICE: "Mend these amounts at their source, or declare such lines under [[exclude]]",
    CURRENCY: "Export one currency a file, or declare the others under [[exclude]]",
    COPIED: "Load each day once, and take the copies out",
    EMPTIED: "Export again with this column; look at what fills it",
    UNSEEN: "Look whether these are new, or were numbered anew by a migration",
    STOPPED: "Look whether the export, or the shop, still runs",
}
OVERRULED = (SCHEMA, COPIED, EMPTIED, UNSEEN, STOPPED)


def advice(check: str) -> str:
    """One sentence for whoever has to mend it; empty where the message says it all."""
    if check not in _DO:
        return ""
    meant = f"; if it is meant so, --accept '{check}' for this night" if check in OVERRULED else ""
    return f"{_DO[check]}{meant}."


def checked(names: tuple[str, ...]) -> tuple[str, ...]:
    """The checks a person overrules; raises ContractError for one that cannot be."""
    for name in names:
        if name not in OVERRULED:
            hint = "The others are mended at their source, or declared in the mapping."
            raise ContractError("--accept", f"one of {list(OVERRULED)}", name, hint)
    return tuple(dict.fromkeys(names))
