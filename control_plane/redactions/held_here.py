"""What the ingress's inbox, the decisions and the list of who is left out hold of somebody."""

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlmodel import col, select

from bentos.contract.redaction import RedactionRequest, subject_digest
from bentos.decision_lake.files import Lake
from bentos.decision_lake.parts import Part
from control_plane.consents.models import ExclusionRow
from control_plane.db import ReadSession
from control_plane.decisions.store import public_path
from control_plane.shopify.erased_rows import OF_AN_ORDER, Found, kept_about
from control_plane.shopify.inbox import read_inbox

Row = dict[str, Any]


def inbox_rows(inbox: Path, wish: RedactionRequest, domain: str) -> dict[str, list[Row]]:
    """Table → rows; nothing where no webhooks come in."""
    try:
        connection = read_inbox(inbox)
    except sqlite3.OperationalError:
        return {}
    with closing(connection):
        found = Found.of(connection, wish, domain)
        waiting = kept_about(connection, found)
        held: dict[str, list[Row]] = {
            "delivery": [dict(row) | {"kept": json.loads(row["kept"])} for row in waiting]
        }
        return held | {
            table: [
                dict(row)
                for domain, numbers in found.orders.items()
                for number in sorted(numbers)
                for row in connection.execute(
                    f"SELECT * FROM {table} WHERE domain = ? AND {column} = ?",  # noqa: S608 - ours
                    (domain, number),
                )
            ]
            for table, column in OF_AN_ORDER.items()
        }


def decisions_of(lake: Lake, subjects: tuple[str, ...]) -> Iterator[dict[str, Row]]:
    """Each decision they were the subject of, or its rows were about: both parts of it."""
    pattern = "|".join(map(re.escape, subjects))
    for day in lake.days(Part.PERSONAL) if subjects else ():
        for path in lake.files(Part.PERSONAL, day):
            names = lake.read(path, ["subject", "entities"])
            mask = pc.or_(
                pc.fill_null(pc.is_in(names["subject"], pa.array(subjects)), False),
                pc.fill_null(pc.match_substring_regex(names["entities"], pattern), False),
            )
            if not pc.any(mask).as_py():
                continue
            personal = lake.read(path).filter(mask).drop_columns(["salt"])
            public = lake.read(public_path(path))
            wanted = pc.is_in(public["decision_id"], personal["decision_id"].combine_chunks())
            by_id = {row["decision_id"]: row for row in public.filter(wanted).to_pylist()}
            for row in personal.to_pylist():
                yield {"decision": by_id.get(row["decision_id"], {}), "about_the_person": row}


def opt_outs_of(session: ReadSession, wish: RedactionRequest) -> list[Row]:
    """What they are left out of."""
    names = [*wish.subjects, *map(subject_digest, wish.subjects)]
    query = select(ExclusionRow).where(
        col(ExclusionRow.shop) == wish.shop, col(ExclusionRow.subject).in_(names)
    )
    return [row.model_dump() for row in session.exec(query)]
