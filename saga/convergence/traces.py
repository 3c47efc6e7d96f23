"""Traces: which lines of the user's functions run in a call.

A call with which a line runs that ran in no earlier one has values worth keeping. Values are read off as well: what a
function computes from its constants, such as the end of a period, stands in no code, but in a variable.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any, Final

from saga.convergence.functions import code_reached, codes_of

Line = tuple[int, int]
"""The number of a code, and a line in it; a line below zero is one that raised."""

RAISES: Final = "raises"
_MOST_SEEN: Final = 400
_LONGEST: Final = 60
_MOST_NAMED: Final = 8


class Traces:
    """The lines of the code that these functions can reach; ``seen`` are the values of variables, if they are read."""

    def __init__(self, functions: Iterable[object]) -> None:
        reached = [one.__code__ for function in functions for one in code_reached(function)]
        # They are kept, so that no other code gets their ids.
        self._codes: list[CodeType] = list({id(one): one for code in reached for one in codes_of(code)}.values())
        self._numbers = {id(code): number for number, code in enumerate(self._codes)}
        self._lines: set[Line] = set()
        self._ran: set[Line] = set()
        self.seen: dict[tuple[str, str], Any] = {}
        self.is_reading = False

    def run(self, call: Callable[[], Any]) -> tuple[frozenset[Line], Any]:
        """The lines of a call, and the kind of its answer: its shape, or the type of the error that it raises."""
        self._lines = set()
        with self._traced():
            try:
                kind: Any = _shape(call())
            except Exception as error:  # noqa: BLE001 -- whatever a function of the declaration raises
                kind = (RAISES, type(error).__name__)
        self._ran |= self._lines
        return frozenset(self._lines), kind

    def missed(self) -> Iterator[str]:
        """A sentence for each code of which some lines ran in a call, and others in none."""
        for number, code in enumerate(self._codes):
            ran = {line for of, line in self._ran if of == number}
            lines = {line for _, _, line in code.co_lines() if line is not None and line > code.co_firstlineno}
            if ran and (left := sorted(lines - ran - {code.co_firstlineno})):
                listed = ", ".join(map(str, left[:_MOST_NAMED]))
                more = f" and {len(left) - _MOST_NAMED} more" if len(left) > _MOST_NAMED else ""
                yield f"the function {code.co_name} has lines that nothing reached: {listed}{more}"

    @contextmanager
    def _traced(self) -> Iterator[None]:
        before = sys.gettrace()
        sys.settrace(self._entered)
        try:
            yield
        finally:
            sys.settrace(before)

    def _entered(self, frame: FrameType, _event: str, _argument: object) -> Any:
        number = self._numbers.get(id(frame.f_code))
        if number is None:
            return None

        def follow(frame: FrameType, event: str, _argument: object) -> Any:
            if event == "line":
                self._lines.add((number, frame.f_lineno))
            elif event == "exception":
                self._lines.add((number, -frame.f_lineno))
            if self.is_reading:
                self._read(frame)
            return follow

        return follow

    def _read(self, frame: FrameType) -> None:
        for value in frame.f_locals.values():
            is_short = type(value) in (int, float) or (type(value) is str and 0 < len(value) <= _LONGEST)
            if is_short and len(self.seen) < _MOST_SEEN:
                self.seen.setdefault((type(value).__name__, str(value)), value)


def _shape(answer: Any, depth: int = 3) -> Any:
    """What answers that are alike have in common: what is empty, zero or negative, and how many there are."""
    if answer is None or isinstance(answer, bool):
        return answer
    if isinstance(answer, int | float):
        return type(answer).__name__, (answer > 0) - (answer < 0)
    if isinstance(answer, Mapping) and depth:
        return tuple(_shape(answer[key], depth - 1) for key in list(answer)[:_MOST_NAMED])
    if isinstance(answer, list | tuple | set | frozenset):
        return type(answer).__name__, min(len(answer), _MOST_NAMED)
    return type(answer).__name__, isinstance(answer, str) and not answer
