"""Under which names a person may be kept: kinds of pseudonyms, and what they are made of. Pure."""

from collections.abc import Callable

from control_plane.shopify.payloads import SubjectIn

Name = Callable[[str, str], str]
"""(kind, raw id) → pseudonym in this shop."""
CUSTOMER, EMAIL, PHONE = "customer", "email", "phone"
TARGETING_KEY = "targeting_key"
ORDER = "order"


def subjects_of(who: SubjectIn, name: Name) -> dict[str, str]:
    """Every name a person may be kept under, by what it was made of.

    A customer, by number or (in order files) by mail address; and a targeting key: the fraud
    loop's is the customer's pseudonym, a server job's may be the number or the address itself.
    """
    email = who.email.strip().lower() if who.email else ""
    phone = who.phone.strip() if who.phone else ""
    found = {EMAIL: name(EMAIL, email)} if email else {}
    if phone:
        found[PHONE] = name(PHONE, phone)
    for raw, suffix in (("" if who.id is None else str(who.id), ""), (email, "_email")):
        if raw:
            customer = name(CUSTOMER, raw)
            found[f"{CUSTOMER}{suffix}"] = customer
            found[f"{TARGETING_KEY}{suffix}"] = name(TARGETING_KEY, customer)
            found[f"{TARGETING_KEY}_raw{suffix}"] = name(TARGETING_KEY, raw)
    return found


def in_order(subjects: dict[str, str]) -> list[str]:
    """The pseudonyms, the customer's own first, each once."""
    first = [kind for kind in (CUSTOMER, TARGETING_KEY) if kind in subjects]
    kinds = first + sorted(subjects.keys() - set(first))
    return list(dict.fromkeys(subjects[kind] for kind in kinds))
