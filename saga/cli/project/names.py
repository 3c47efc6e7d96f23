"""Valid project names. Folder, process and image have the name; the package has it with underscores."""

import keyword
import re
import sys
from importlib.metadata import packages_distributions
from typing import Final

from saga.cli.shell.failure import WrongUsage
from saga.documents.text import shown

MOST_CHARACTERS: Final = 40
TAKEN: Final = frozenset({"bank", "order", "scheduler", "shop", "tests", "undelivered", "warehouse", "wheels"})
"""Names that queues, modules and folders of saga or of the project itself already have."""

_NAME = re.compile(r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*")


def package_of(name: str) -> str:
    """The package of a project of this name. Raises WrongUsage, with the reason, for a name that can't be used."""
    package = name.replace("-", "_")
    reason = _unfit(name) or _clash(name, package)
    if reason:
        raise WrongUsage(f"A project can't be called {shown(name)!r}: {reason}.")
    return package


def _unfit(name: str) -> str | None:
    if "/" in name or "\\" in name:
        return "it is made in the folder where you are, so give a name, not a path"
    if not _NAME.fullmatch(name):
        likely = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
        such = f", such as {likely!r}" if _NAME.fullmatch(likely) and len(likely) <= MOST_CHARACTERS else ""
        return f"write small letters, digits and single hyphens, with a letter first{such}"
    return f"it has more than {MOST_CHARACTERS} characters" if len(name) > MOST_CHARACTERS else None


def _clash(name: str, package: str) -> str | None:
    if keyword.iskeyword(package) or keyword.issoftkeyword(package):
        return f"{package} is a keyword of Python"
    if package in sys.stdlib_module_names:
        return f"it would hide the module {package} of Python's standard library"
    if package.partition("_")[0] == "saga":
        return "names that begin with saga are saga's own"
    if name in TAKEN:
        return "saga or the project itself uses that name already"
    if package in packages_distributions():
        return f"it would hide the package {package} that is installed here"
    return None
