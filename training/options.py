"""Options that several commands of training take."""

from pathlib import Path
from typing import Annotated

import typer

Orders = Annotated[
    Path | None,
    typer.Option(help="Order lines, Parquet or CSV; without it Complete Journey."),
]
OfShop = Annotated[
    bool, typer.Option("--shop", help="Orders of the connected shop, as last synced.")
]
MappingName = Annotated[
    str | None, typer.Option("--mapping", help="Name of an included mapping, or a TOML file.")
]
Basis = Annotated[str | None, typer.Option(help="Words added to the basis; no consent.")]
KeyFile = Annotated[
    Path | None, typer.Option(help="Key of the pseudonyms; default keys/pseudonym.key.")
]
AsOf = Annotated[str | None, typer.Option(help="Use orders before this day: YYYY-MM-DD, or -30d.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, nothing else.")]
