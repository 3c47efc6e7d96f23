"""Writes the files of a new project: the template's, with the project's names, and the wheel."""

import re
import shutil
from pathlib import Path
from typing import Final

TEMPLATE: Final = Path(__file__).with_name("template")
TEMPLATE_NAME: Final = "my-returns"
TEMPLATE_PACKAGE: Final = "my_returns"
TEMPLATE_WHEEL: Final = "saga-0.0.0-py3-none-any.whl"
WHEELS: Final = "wheels"

_CACHES = re.compile(r"__pycache__|\.\w+_cache")


def write_project(folder: Path, name: str, package: str, wheel: Path) -> list[Path]:
    """Write the project into a new or empty folder. Gives the paths of the files, relative to it. Raises OSError."""
    names = {TEMPLATE_NAME: name, TEMPLATE_PACKAGE: package, TEMPLATE_WHEEL: wheel.name}
    written = []
    for source in template_files():
        target = Path(_renamed(str(source), names))
        (folder / target).parent.mkdir(parents=True, exist_ok=True)
        text = (TEMPLATE / source).read_text(encoding="utf-8")
        (folder / target).write_text(_renamed(text, names), encoding="utf-8")
        written.append(target)
    (folder / WHEELS).mkdir()
    shutil.copyfile(wheel, folder / WHEELS / wheel.name)
    return sorted([*written, Path(WHEELS, wheel.name)])


def template_files() -> list[Path]:
    """The files of the template, relative to it, without what tools leave there."""
    found = (path.relative_to(TEMPLATE) for path in TEMPLATE.rglob("*") if path.is_file())
    return sorted(path for path in found if not any(map(_CACHES.fullmatch, path.parts)))


def _renamed(text: str, names: dict[str, str]) -> str:
    """Replace all names in one pass: a new name may contain an old one."""
    return re.sub("|".join(map(re.escape, names)), lambda found: names[found[0]], text)
