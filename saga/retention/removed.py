"""What pruning removed, counted by kind."""

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class PrunedRows:
    """Removed rows: of instances, logs, the inbox, timers, closed dead letters, and answers of operations."""

    instances: int = 0
    entries: int = 0
    messages: int = 0
    timers: int = 0
    dead_letters: int = 0
    operation_items: int = 0

    def __add__(self, other: Self) -> "PrunedRows":
        return PrunedRows(
            self.instances + other.instances,
            self.entries + other.entries,
            self.messages + other.messages,
            self.timers + other.timers,
            self.dead_letters + other.dead_letters,
            self.operation_items + other.operation_items,
        )

    def __bool__(self) -> bool:
        return self != PrunedRows()


@dataclass(frozen=True, slots=True)
class Page:
    """What one batch removed; the next batch begins after ``next``, None if this was the last."""

    removed: PrunedRows
    next: int | None
