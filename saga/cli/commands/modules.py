"""`saga modules`: which modules there are, how far their logs go, and who reads them."""

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from saga.cli.shell.database import operate
from saga.cli.shell.terminal import AsJson, columns, print_json, terminal
from saga.documents.logs import modules_document
from saga.documents.text import age, shown
from saga.operations import ListedModule, list_modules
from saga.settings import load_settings


def modules(as_json: AsJson = False) -> None:
    """List modules: the last position of each log, and who reads it.

    The last position is the number of entries that were ever appended.
    """
    found = operate(load_settings(), list_modules)
    if as_json:
        print_json(modules_document(found))
    else:
        terminal().print(_table(found))


def _table(found: tuple[ListedModule, ...]) -> RenderableType:
    if not found:
        return Text("There is no module yet: a module begins with its first event.")
    table = columns("module", "last position", "last public", "pruned up to", "last entry", "read by")
    for module in found:
        _add_row(table, module)
    return table


def _add_row(table: Table, module: ListedModule) -> None:
    readers = shown(", ".join(module.consumers)) or Text("nobody", "dim")
    if not module.kept_here:
        table.add_row(shown(module.name), Text("log in another database", "dim"), "", "", "", readers)
        return
    old = f"{age(module.last_age_seconds)} ago" if module.last_at else ""
    pruned = str(module.pruned_position or "")
    numbers = (str(module.last_position), str(module.last_public_position), pruned)
    table.add_row(shown(module.name), *numbers, old, readers)
