"""`/processes/{name}/orders`: two histories of the same messages side by side: does their sequence matter? Pure.

The histories are in the address, as numbers of samples: `a=0.2.1` and `b=2.0.1`. Every change is a link.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request

from saga.console.links import process_link, with_query
from saga.console.page import Console, Page, WronglyAsked
from saga.convergence import derive_samples, name_of
from saga.convergence.configuration import apply, end_state, start
from saga.core import Command, DeclarationError, Fact, Process

MOST_STEPS: Final = 12


@dataclass(frozen=True, slots=True)
class Step:
    """One input of a history and what it led to, with the links that move it; None at an end."""

    number: int
    name: str
    fields: Mapping[str, Any]
    kind: str
    sentence: str
    outcome: str
    commands: tuple[Command, ...]
    up: str | None
    down: str | None
    out: str


@dataclass(frozen=True, slots=True)
class History:
    """A history: its steps, its end, and the links that add an input."""

    label: str
    steps: tuple[Step, ...]
    outcome: str
    effects: tuple[str, ...]
    add: tuple[tuple[str, str], ...]


async def orders(console: Console, request: Request) -> Page:
    """Two histories, step by step, and whether they come to the same."""
    process = console.process(request.path_params["process"])
    try:
        samples = derive_samples(process)
    except DeclarationError as error:
        raise WronglyAsked(f"No sample messages can be made of {process.name}: {error}.") from None
    usual = _usual(process, samples)
    first = _numbers(request, "a", samples) if "a" in request.query_params else usual
    second = _numbers(request, "b", samples) if "b" in request.query_params else first[::-1]
    chosen = {"a": first, "b": second}
    histories = [_history(process, samples, chosen, label) for label in ("a", "b")]
    same_facts = sorted(first) == sorted(second)
    ends = [_end(process, samples, numbers) for numbers in (first, second)]
    is_same = ends[0] == ends[1]
    values = {
        "process": process,
        "histories": histories,
        "same_facts": same_facts,
        "is_same": is_same,
        "swap": _link(process, {"a": second, "b": first}),
        "reset": f"{process_link(process.name)}/orders",
        "reversed": _link(process, {"a": first, "b": first[::-1]}),
        "samples": [(number, name_of(fact, samples), fact.fields) for number, fact in enumerate(samples)],
    }
    document = {
        "process": process.name,
        "same_facts": same_facts,
        "same_end": is_same,
        "histories": [_document(one) for one in histories],
    }
    return Page("orders.html", f"Orders of arrival: {process.name}", values, document)


def _usual(process: Process, samples: Sequence[Fact]) -> tuple[int, ...]:
    """One sample of each input."""
    firsts: dict[type, int] = {}
    for number, fact in enumerate(samples):
        firsts.setdefault(fact.kind, number)
    return tuple(firsts[kind] for kind in process.message_types.values() if kind in firsts)[:MOST_STEPS]


def _numbers(request: Request, name: str, samples: Sequence[Fact]) -> tuple[int, ...]:
    parts = [part for part in request.query_params[name].split(".") if part]
    if len(parts) > MOST_STEPS:
        raise WronglyAsked(f"A history here has {MOST_STEPS} messages at most.")
    if not all(part.isascii() and part.isdecimal() and len(part) < 4 and int(part) < len(samples) for part in parts):
        raise WronglyAsked(f"{name} in the address is a list of the numbers of samples, 0 to {len(samples) - 1}.")
    return tuple(map(int, parts))


def _history(process: Process, samples: tuple[Fact, ...], chosen: Mapping[str, tuple[int, ...]], label: str) -> History:
    numbers = chosen[label]

    def changed(order: Sequence[int]) -> str:
        return f"{_link(process, {**chosen, label: tuple(order)})}#{label}"

    configuration, steps = start(process), []
    for at, number in enumerate(numbers):
        fact = samples[number]
        configuration, decision = apply(process, configuration, fact)
        steps.append(
            Step(
                at + 1,
                name_of(fact, samples),
                fact.fields,
                decision.kind.value,
                decision.reason,
                decision.outcome.value,
                decision.commands,
                changed(_swapped(numbers, at - 1)) if at else None,
                changed(_swapped(numbers, at)) if at + 1 < len(numbers) else None,
                changed((*numbers[:at], *numbers[at + 1 :])),
            )
        )
    reached = end_state(process, configuration)
    effects = tuple(sorted(f"{name} {condition}" for name, condition, _ in reached.effects))
    more = len(numbers) < MOST_STEPS
    add = [(name_of(fact, samples), changed((*numbers, at))) for at, fact in enumerate(samples)] if more else []
    return History(label, tuple(steps), reached.outcome.value, effects, tuple(add))


def _end(process: Process, samples: Sequence[Fact], numbers: Sequence[int]) -> object:
    configuration = start(process)
    for number in numbers:
        configuration, _ = apply(process, configuration, samples[number])
    return end_state(process, configuration)


def _swapped(numbers: Sequence[int], at: int) -> tuple[int, ...]:
    """The numbers with two neighbours swapped."""
    return (*numbers[:at], numbers[at + 1], numbers[at], *numbers[at + 2 :])


def _link(process: Process, chosen: Mapping[str, Sequence[int]]) -> str:
    # A history without messages is still named: without its name the usual one would stand there.
    joined = {label: ".".join(map(str, numbers)) or "." for label, numbers in chosen.items()}
    return with_query(f"{process_link(process.name)}/orders", joined)


def _document(one: History) -> dict[str, Any]:
    steps = [
        {
            "input": step.name,
            "answer": step.kind,
            "sentence": step.sentence,
            "outcome": step.outcome,
            "commands": [command.type for command in step.commands],
        }
        for step in one.steps
    ]
    return {"steps": steps, "outcome": one.outcome, "net_effect": list(one.effects)}
