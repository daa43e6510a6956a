"""Exports: one zip of events, checkpoint and what proves that the ones lie under the other."""

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import IO, Any

from control_plane.audit.offline.notes import Checkpoint, Policy, Unproven, parse_hash
from control_plane.audit.offline.proofs import (
    leaf_hash,
    parse_event,
    root_by_inclusion,
    root_by_range,
    summary,
)


def flat(event: dict[str, Any], column: str) -> Any:
    """A column's value: ``actor_…`` from the actor, lists and objects as compact JSON."""
    inner = column.removeprefix("actor_")
    value = event["actor"][inner] if column.startswith("actor_") else event[column]
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return value


def cell(value: Any) -> str:
    """A value in CSV. What a spreadsheet would take for a formula gets an apostrophe."""
    text = "" if value is None else str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def verify_export(path: Path, policy: Policy) -> dict[str, Any]:
    """Check an export: signature, digests, every event, none left out; raises Unproven."""
    with zipfile.ZipFile(path) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        for name, digest in manifest["files"].items():
            if _digest(archive, name) != digest:
                raise Unproven(f"{name}: its digest is not the manifest's")
        checkpoint, seen = policy.check(archive.read("checkpoint.txt").decode())
        told = (manifest["origin"], manifest["size"], manifest["root"])
        if told != (checkpoint.origin, checkpoint.size, checkpoint.root.hex()):
            raise Unproven("manifest: its size and root are not the checkpoint's")
        with closing(_texts(archive, manifest["events"])) as texts:
            if manifest["selection"] is None:
                count = _check_range(manifest, checkpoint, texts)
            else:
                count = _check_selected(archive, checkpoint, texts)
    if count != manifest["count"]:
        raise Unproven(f"manifest: it counts {manifest['count']} events, there are {count}")
    whole = count == checkpoint.size
    return summary(checkpoint, seen) | {"events": count, "complete": whole}


def _digest(archive: zipfile.ZipFile, name: str) -> str:
    digest = hashlib.sha256()
    with archive.open(name) as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def _check_range(manifest: dict[str, Any], checkpoint: Checkpoint, texts: Iterator[str]) -> int:
    """Every event of the range and no other, in order."""
    begin, end = manifest["first"] - 1, manifest["last"]
    if not 0 <= begin <= end <= checkpoint.size:
        raise Unproven("manifest: its range is not within the checkpoint")
    around = [parse_hash(each) for each in manifest["around"]]
    count = 0

    def leaves() -> Iterator[bytes]:
        nonlocal count
        for text in texts:
            count += 1
            parse_event(text, begin + count)
            yield leaf_hash(text.encode())

    running = leaves()
    root = root_by_range(begin, end, checkpoint.size, running, around)
    if root != checkpoint.root or around or next(running, None) is not None:
        raise Unproven(f"events {begin + 1} to {end} are not all of those the checkpoint covers")
    return count


def _check_selected(archive: zipfile.ZipFile, checkpoint: Checkpoint, texts: Iterator[str]) -> int:
    """Each event by its own path; that none was left out, a selection cannot prove."""
    count = 0
    with archive.open("proofs.jsonl") as file:
        for text, line in zip(texts, file, strict=True):
            count += 1
            proof = json.loads(line)
            parse_event(text, proof["seq"])
            path = [parse_hash(each) for each in proof["path"]]
            leaf = leaf_hash(text.encode())
            root = root_by_inclusion(leaf, proof["seq"] - 1, checkpoint.size, path)
            if root != checkpoint.root:
                raise Unproven(f"event {proof['seq']} is not in the checkpoint as it stands here")
    return count


def _texts(archive: zipfile.ZipFile, name: str) -> Generator[str, None, None]:
    """The canonical JSON of each event, once its readable columns were compared with it."""
    with archive.open(name) as file:
        if name.endswith(".jsonl"):
            for line in file:
                yield line.removesuffix(b"\n").decode()
        elif name.endswith(".csv"):
            lines = csv.DictReader(io.TextIOWrapper(file, "utf-8", newline=""))
            csv.field_size_limit(2**31 - 1)
            yield from _compared(lines, cell)
        else:
            yield from _compared(_parquet_rows(file), lambda value: value)


def _compared(rows: Any, form: Any) -> Iterator[str]:
    for row in rows:
        text = row.pop("event")
        event = json.loads(text)
        for column, value in row.items():
            if value != form(flat(event, column)):
                raise Unproven(f"event {event['seq']}: its column {column} is not the event's")
        yield text


def _parquet_rows(file: IO[bytes]) -> Iterator[dict[str, Any]]:
    import pyarrow.parquet  # noqa: PLC0415 - only who verifies Parquet needs it

    for batch in pyarrow.parquet.ParquetFile(file).iter_batches(batch_size=5000):
        yield from batch.to_pylist()
