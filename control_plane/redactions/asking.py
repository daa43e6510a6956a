"""A request that a person enters: raw ids become pseudonyms in memory, and a file names them."""

from datetime import UTC, datetime, timedelta

from bentos import redaction_files
from bentos.contract.redaction import RedactionKind, RedactionRequest, check_request
from bentos.contract.training_consent import CUSTOMER, customer_id
from control_plane import clock
from control_plane.config import Settings
from control_plane.consents.exclusions import KEY_FILE
from control_plane.db import WriteSession
from control_plane.decisions.subject import TARGETING_KEY_KIND, check_subject, pseudonym_of
from control_plane.identifier import new_id
from control_plane.principal import Permission, Principal
from control_plane.redactions import service
from control_plane.redactions.deadline import DUE_DAYS
from control_plane.redactions.models import RedactionRow
from control_plane.redactions.note import Note, write_data_request
from control_plane.redactions.schemas import RedactionIn


def wish_of(settings: Settings, body: RedactionIn) -> RedactionRequest:
    """Whom it names, by every pseudonym they may be kept under; raises ContractError, also where
    that is nobody."""
    shop = body.shop or settings.shop
    now = datetime.now(UTC)
    wish = RedactionRequest(
        id=new_id(),
        kind=RedactionKind.CUSTOMER,
        reason=body.reason,
        requested_at=clock.to_text(now),
        due_at=clock.to_text(now + timedelta(days=DUE_DAYS)),
        shop=shop,
        subjects=tuple(dict.fromkeys(_names(settings, shop, body))),
        order_numbers=tuple(body.order_numbers),
    )
    check_request(wish)
    return wish


def ask(
    session: WriteSession, principal: Principal, settings: Settings, body: RedactionIn
) -> RedactionRow:
    """Open it. The file is written before the commit, which alone makes the request."""
    principal.require(Permission.REDACTIONS_WRITE)
    wish = wish_of(settings, body)
    topic = service.Topic.DATA_REQUEST if body.data_request else service.Topic.CUSTOMER
    row = service.open_request(session, principal, wish, topic, Note(id=wish.id))
    if body.data_request:
        write_data_request(settings.home, wish)
    else:
        redaction_files.write_request(settings.home, wish)
    return row


def _names(settings: Settings, shop: str, body: RedactionIn) -> list[str]:
    key_file = settings.keys / KEY_FILE
    names: list[str] = []
    for raw in map(customer_id, body.customers):
        customer = pseudonym_of(key_file, shop, CUSTOMER, raw)
        names += [
            customer,
            pseudonym_of(key_file, shop, TARGETING_KEY_KIND, customer),
            pseudonym_of(key_file, shop, TARGETING_KEY_KIND, raw),
        ]
    for index, subject in enumerate(body.subjects):
        customer = check_subject(subject, f"subjects[{index}]")
        names += [customer, *_of_fraud_loop(settings, shop, customer)]
    if body.order_numbers and key_file.exists():
        names += [
            pseudonym_of(key_file, shop, TARGETING_KEY_KIND, f"order:{number}")
            for number in body.order_numbers
        ]
    return names


def _of_fraud_loop(settings: Settings, shop: str, customer: str) -> list[str]:
    """Its targeting key is the customer's pseudonym, and a decision keeps the pseudonym of that."""
    key_file = settings.keys / KEY_FILE
    if not key_file.exists():
        return []
    return [pseudonym_of(key_file, shop, TARGETING_KEY_KIND, customer)]
