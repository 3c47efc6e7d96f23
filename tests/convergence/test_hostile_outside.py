"""Functions that ask a clock, chance or the environment are named; those that only compute with times are not."""

import datetime as dt
import functools
import os
import random
import time
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from saga.convergence import Kind, check
from saga.convergence.outside import asked_outside
from saga.core import DerivedColumn, Entries, Process, Register, outcomes
from tests.convergence.shop import Outcome, Paid, process

PAYMENTS = Register("payments", of=Paid, key="payment_id")
DICE = random.Random(7)


def judged(judge: Callable[[Entries], bool]) -> Process:
    column = DerivedColumn("judged", (PAYMENTS,), judge)
    table = outcomes(column, rule=lambda judged: Outcome.PAID if judged else Outcome.OPEN)
    return process(rule=None, table=table, registers=(PAYMENTS,))


def hour() -> int:
    return dt.datetime.now(UTC).hour


class Clock:
    def __init__(self, past: int = 4) -> None:
        self.past = past

    def is_late(self) -> bool:
        return time.process_time() > self.past

    def is_past(self, year: int) -> bool:
        return year < self.past


CLOCK = Clock()


def with_import(_: Entries) -> bool:
    from os import getenv, path  # noqa: PLC0415 -- what is looked for

    return bool(path.sep and getenv("HOME"))


def with_default(_: Entries, now: Callable[[], float] = time.time) -> bool:
    return now() > 5


def with_partial(now: Any, _: Entries) -> bool:
    return bool(now())


def with_local_clock(_: Entries) -> bool:
    moment = datetime.now
    return moment().month > 6


ASKING: dict[str, Callable[[Entries], bool]] = {
    "datetime.now": lambda held: bool(held) and hour() > 25,
    "datetime.utcnow": lambda held: any(datetime.utcnow().year > 2090 for _ in held),  # noqa: DTZ003
    "date.today": lambda _: date.today() > date(2090, 1, 1),  # noqa: DTZ011
    "time.process_time": lambda _: CLOCK.is_late(),
    "time.gmtime": lambda _: time.gmtime().tm_year > 2090,
    "random.randint": lambda _: random.randint(1, 2) > 2,
    "a random generator": lambda _: DICE.random() > 2,
    "uuid.uuid4": lambda _: uuid.uuid4().int < 0,
    "os.environ": lambda _: "NO_SUCH_NAME" in os.environ,
    "os.urandom": lambda _: os.urandom(1) == b"",
    "os.getenv": with_import,
    "time.time": with_default,
    "time.time_ns": functools.partial(with_partial, time.time_ns),
}


@pytest.mark.parametrize("call", ASKING)
def test_a_function_that_asks_more_than_it_gets_is_named(call: str) -> None:
    assert call in list(asked_outside(ASKING[call]))


def test_a_clock_under_another_name_is_a_clock() -> None:
    assert "datetime.now" in list(asked_outside(with_local_clock))


HONEST: tuple[Callable[[Entries], Any], ...] = (
    lambda held: [datetime.fromisoformat(one["at"]).astimezone(UTC) for one in held.values()],
    lambda held: [time.strptime(one["at"], "%Y") for one in held.values()],
    lambda held: [time.gmtime(one["at"]).tm_year for one in held.values()],
    lambda held: [datetime.fromtimestamp(one["at"], UTC) + timedelta(days=1) for one in held.values()],
    lambda held: [uuid.uuid5(uuid.NAMESPACE_URL, one["id"]) for one in held.values()],
    lambda held: random.Random(str(held)).random() > 2,
    lambda held: [CLOCK.is_past(one["now"].year) for one in held.values()],
    lambda held: [one["time"] for one in held.values()],
)


@pytest.mark.parametrize("number", range(len(HONEST)))
def test_a_function_that_computes_with_times_asks_nothing(number: int) -> None:
    assert list(asked_outside(HONEST[number])) == []


def is_in_summer(payments: Entries) -> bool:
    return bool(payments) and 100 < time.localtime().tm_yday < 0


def test_the_finding_names_the_function_and_the_call() -> None:
    found = [one for one in check(judged(is_in_summer)).findings if one.kind is Kind.DEPENDS_ON_MORE]
    assert ["is_in_summer asks time.localtime" in one.sentence for one in found] == [True]


def test_an_honest_one_has_no_finding() -> None:
    assert check(judged(lambda held: any(CLOCK.is_past(one["amount"]) for one in held.values()))).converges
