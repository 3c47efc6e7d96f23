"""The wheel of saga for a project: the one that was named, or the one from which this saga was installed.

A project names the file, not the package: saga is on no public index, and another project may own its name there.
"""

import json
import re
import zipfile
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from saga.cli.shell.failure import WrongUsage
from saga.documents.text import shown

_NAME = re.compile(r"saga-[0-9][A-Za-z0-9.!+_]*-py3-none-any\.whl")
_CONTENTS: Final = frozenset({"saga/__main__.py", "saga/worker/__init__.py", "saga_scheduler/__main__.py"})
"""Files that show that it is this saga, and no other package of the name."""


def find_wheel(given: Path | None) -> Path:
    """The wheel that goes into the project. Raises WrongUsage, which says how to get one."""
    path = _installed_from() if given is None else given
    if not path.is_file():
        if given is None:
            raise WrongUsage(f"saga was installed from {shown(path)}, which is gone: name its wheel with --wheel.")
        raise WrongUsage(f"--wheel {shown(path)}: there is no such file.")
    if not _NAME.fullmatch(path.name) or not _contents(path) >= _CONTENTS:
        raise WrongUsage(f"{shown(path)} is no wheel of saga: `make wheel` in a clone of saga makes one.")
    return path


def _contents(path: Path) -> frozenset[str]:
    try:
        with zipfile.ZipFile(path) as wheel:
            return frozenset(wheel.namelist())
    except (OSError, zipfile.BadZipFile):
        return frozenset()


def _installed_from() -> Path:
    """Where pip found this saga, as it noted (PEP 610)."""
    try:
        noted = json.loads(distribution("saga").read_text("direct_url.json") or "{}")
    except (PackageNotFoundError, ValueError):
        noted = {}
    address = urlsplit(str(noted.get("url", "")))
    place = Path(unquote(address.path)) if address.scheme == "file" else None
    if place is not None and place.suffix == ".whl":
        return place
    clone = "a clone of saga" if place is None else shown(place)
    raise WrongUsage(f"Name the wheel of saga with --wheel FILE: `make wheel` in {clone} makes one.")
