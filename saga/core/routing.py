"""The names under which a module's events are routed: ``orders.OrderPlaced``, and ``order.OrderPaid`` of a process."""

from typing import Final

SUFFIX: Final = "-process"
"""Of the module in whose log a process records; the routing keys of its announcements leave it out."""


def module_of(process: str) -> str:
    """The module in whose log the process of this name records."""
    return f"{process}{SUFFIX}"


def first_word(module: str) -> str:
    """The first word of the routing keys of a module's events: its name, or that of its process."""
    return module.removesuffix(SUFFIX) or module


def is_of_process(module: str) -> bool:
    """Whether a module is the one in whose log a process records: its public events are announcements."""
    return module.endswith(SUFFIX)


def routing_key(module: str, type_: str) -> str:
    """The routing key of a module's events of this type."""
    return f"{first_word(module)}.{type_}"
