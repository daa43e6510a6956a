"""The offline verifier as one file, ``verify.pyz``: its sources, zipped as Python runs them."""

import io
import zipfile
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent / "offline"
PACKAGE = "control_plane/audit/offline"
_DATE = (1980, 1, 1, 0, 0, 0)
_MAIN = "import sys\nfrom control_plane.audit.offline.__main__ import main\nsys.exit(main())\n"


@cache
def verifier_bundle() -> bytes:
    """The same bytes for the same release, so that its digest can be published."""
    held = io.BytesIO()
    held.write(b"#!/usr/bin/env python3\n")
    with zipfile.ZipFile(held, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("__main__.py", _DATE), _MAIN)
        for package in ("control_plane", "control_plane/audit"):
            archive.writestr(zipfile.ZipInfo(f"{package}/__init__.py", _DATE), "")
        for path in sorted(HERE.glob("*.py")):
            entry = zipfile.ZipInfo(f"{PACKAGE}/{path.name}", _DATE)
            archive.writestr(entry, path.read_bytes())
    return held.getvalue()
