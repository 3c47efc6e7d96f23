"""Addresses of pages. Ids come from strangers: every part of an address is quoted."""

from collections.abc import Mapping
from urllib.parse import quote, urlencode

_DOTS = (".", "..")


def instance_link(process: str, process_id: str) -> str:
    """The page of an instance. A browser takes dots away from a path, so such an id is in the query."""
    if process_id in _DOTS:
        return f"/instances/{_quoted(process)}?{urlencode({'id': process_id})}"
    return f"/instances/{_quoted(process)}/{_quoted(process_id)}"


def instances_link(process: str, **wanted: object) -> str:
    """The list of the instances of a process."""
    return with_query(f"/instances/{_quoted(process)}", wanted)


def process_link(name: str) -> str:
    """The page of a process."""
    return f"/processes/{_quoted(name)}"


def module_link(name: str, **wanted: object) -> str:
    """The tail of a module's log."""
    return with_query(f"/modules/{_quoted(name)}", wanted)


def letter_link(dead_letter_id: int) -> str:
    """The page of a dead letter."""
    return f"/dead-letters/{dead_letter_id}"


def operation_link(operation_id: int) -> str:
    """The page of an operation."""
    return f"/operations/{operation_id}"


def with_query(path: str, wanted: Mapping[str, object]) -> str:
    """The path with the values that are given."""
    query = urlencode({name: value for name, value in wanted.items() if value not in (None, "")})
    return f"{path}?{query}" if query else path


def _quoted(part: str) -> str:
    return quote(part, safe="")
