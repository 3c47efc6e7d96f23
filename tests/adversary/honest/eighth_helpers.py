"""Short forms of large processes: a machine for each message, and tables of several of them."""

from collections.abc import Iterable
from enum import Enum
from itertools import product
from typing import Any

from saga import Column, Effect, Outcomes, Process, Reducer, Register, Wanted, outcomes, wanted
from tests.adversary.kit import Do, Seen, proc, seen


class Desk:
    """A process of many messages, of which each moves a machine of its own."""

    def __init__(self, *kinds: type) -> None:
        self.machines = {kind: seen(kind) for kind in kinds}

    def columns(self, *kinds: type) -> tuple[Column, ...]:
        """The machines of these messages."""
        return tuple(self.machines[kind] for kind in kinds)

    def while_so(self, effect: Effect, *yes: type, unless: Iterable[type] = ()) -> Wanted:
        """The effect is wanted if all of these came and none of the others, and is voided otherwise."""
        columns = self.columns(*yes, *unless)
        rows: list[tuple[Any, ...]] = []
        for cell in product(Seen, repeat=len(columns)):
            is_so = all(one is Seen.YES for one in cell[: len(yes)]) and Seen.YES not in cell[len(yes) :]
            rows.append((*cell, {effect: Do.YES if is_so else Do.NO}))
        return wanted(*columns, rows=rows)

    def once(self, what: Any, how: Any, *yes: type) -> Wanted:
        """It is wanted once all of these came."""
        columns = self.columns(*yes)
        cells = product(Seen, repeat=len(columns))
        rows = [(*cell, {what: how} if Seen.NO not in cell else {}) for cell in cells]
        return wanted(*columns, rows=rows)

    def ranked(
        self, start: Enum, *steps: tuple[type, Enum], also: tuple[Column, ...] = (), name: str = "outcome"
    ) -> Outcomes:
        """The outcome of the first of these messages in this list that came."""
        kinds = [kind for kind, _ in steps]

        def first(*cell: Any) -> Enum:
            known = zip(cell[: len(kinds)], steps, strict=True)
            return next((outcome for state, (_, outcome) in known if state is Seen.YES), start)

        return outcomes(*self.columns(*kinds), *also, rule=first, name=name)

    def process(
        self, table: Outcomes, *stores: Register | Reducer, wants: Iterable[Wanted] = (), **how: Any
    ) -> Process:
        """The process with all machines, and these stores."""
        return proc(table, *self.machines.values(), *stores, wants=wants, **how)
