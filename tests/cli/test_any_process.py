"""The commands know no process: whatever is declared is run, fed, looked at and mended by its name."""

import ast
import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import AfterValidator, BaseModel, Field

from examples.shop.order import order as shop_order
from examples.trip.process import trip
from saga.cli.shell.failure import WrongUsage
from saga.cli.shell.processes import load_processes
from saga.core import Deadline, DerivedColumn, Process, Register, outcomes
from saga.engine import Step
from saga.messages import Raw
from saga.messages.cloudevents import decode
from saga.orders import order_process
from saga.orders.process import Request
from saga.postgres import connect_engine
from saga.settings import Settings
from tests.cli.shell import Saga, message
from tests.waiting import LIMIT_SECONDS, eventually

ROOT = Path(__file__).parents[2]
ORDER, TRIP, SHOP = "saga.orders:order_process", "examples.trip.process:trip", "examples.shop.order:order"
KNOW_ORDERS = {"demo", "scenario", "sample", "processes"}
"""The commands that show orders to people, the samples that they send, and the place of the default."""

RETURNS = """
from enum import Enum
from pydantic import BaseModel
from saga.core import Process, SubMachine, outcomes

class ParcelBack(BaseModel):
    return_id: str
    weight: int

class Parcel(Enum):
    AWAY = "away"
    HERE = "here"

class Outcome(Enum):
    OPEN = "open"
    DONE = "done"

PARCEL = SubMachine(
    "parcel", start=Parcel.AWAY, moves={Parcel.AWAY: {ParcelBack: Parcel.HERE}, Parcel.HERE: {ParcelBack: Parcel.HERE}}
)
returns = Process(
    name="return",
    version=1,
    correlate="return_id",
    inputs={"warehouse": (ParcelBack,)},
    machines=(PARCEL,),
    outcomes=outcomes(PARCEL, rows=[(Parcel.AWAY, Outcome.OPEN), (Parcel.HERE, Outcome.DONE)]),
    settled=frozenset({Outcome.DONE}),
)
"""


def sealed_well(seal: str) -> str:
    if not seal.endswith("abcdefabc"):
        raise ValueError("the seal is broken")
    return seal


class Sealed(BaseModel):
    """A message whose number nobody guesses."""

    order_id: str
    seal: Annotated[str, Field(pattern=r"^seal 7{3}-[a-f]{9}$"), AfterValidator(sealed_well)]


SEALS = Register("seals", of=Sealed, key="order_id")
sealed = Process(
    name="sealed",
    version=1,
    correlate="order_id",
    inputs={"seals": (Sealed,)},
    registers=(SEALS,),
    outcomes=outcomes(
        DerivedColumn("any seal", (SEALS,), bool), rows=[(False, Request.UNPLACED), (True, Request.PLACED)]
    ),
    settled=frozenset({Request.PLACED, Request.UNPLACED}),
)


@pytest.fixture
def both(saga: Saga) -> Saga:
    """Where trips and orders are configured."""
    saga.environment["SAGA_PROCESSES"] = f"{TRIP}, {ORDER}"
    return saga


@contextmanager
def working(saga: Saga, log: Path, *targets: str, cwd: Path | None = None) -> Iterator[dict[str, Any]]:
    """`saga run` in a process of its own while the block runs; what it says once it is ready."""
    command, environment = [sys.executable, "-m", "saga", "run", *targets], os.environ | saga.environment
    with log.open("w") as said:
        service = subprocess.Popen(command, env=environment | {"PYTHONPATH": str(ROOT)}, stderr=said, cwd=cwd)
    try:
        yield eventually(lambda: _ready(log))
    finally:
        service.send_signal(signal.SIGTERM)
        assert service.wait(LIMIT_SECONDS) == 0, log.read_text()


def _ready(log: Path) -> dict[str, Any] | None:
    lines = [json.loads(line) for line in log.read_text().splitlines(keepends=True) if line.endswith("\n")]
    return next((line for line in lines if line["event"] == "ready"), None)


def handle(saga: Saga, process: Process, *messages: Raw) -> None:
    """The messages, handled by the durable step of this process."""

    async def work() -> None:
        engine = connect_engine(saga.environment["SAGA_DATABASE_URL"], "test")
        try:
            await Step(engine, process).handle([decode(one) for one in messages])
        finally:
            await engine.dispose()

    asyncio.run(work())


def about_a_trip(type_: str, trip_id: str, **data: object) -> Raw:
    said = {"destination": "Rome", "first_day": "2026-05-01", "last_day": "2026-05-08"}
    usual = message(type_, trip_id)
    body = {"trip_id": trip_id, **(said if type_ == "TripRequested" else {}), **data}
    return Raw(body=json.dumps(body).encode(), headers=usual.headers)


def outcome(saga: Saga, *words: str) -> str | None:
    result = saga("inspect", *words, "--json")
    return str(json.loads(result.stdout)["outcome"]) if result.exit_code == 0 else None


def listed(saga: Saga, *words: str) -> set[tuple[str, str, str]]:
    document = saga.json("list", *words)
    return {(one["process"], one["process_id"], one["outcome"]) for one in document["instances"]}


def test_one_service_runs_several_processes(both: Saga, tmp_path: Path) -> None:
    with working(both, tmp_path / "log", TRIP, ORDER) as ready:
        assert ready["processes"] == "trip, order"
        for type_ in ("FlightConfirmed", "HotelConfirmed", "TripRequested", "CarConfirmed"):
            assert both.json("publish", type_, "t-1", "--sample")["trip_id"] == "t-1"
        for type_ in ("PaymentReceived", "OrderPlaced"):
            assert both.json("publish", type_, "o-1", "--sample")["order_id"] == "o-1"
        assert eventually(lambda: outcome(both, "t-1") == "booked")
        assert eventually(lambda: outcome(both, "o-1") == "paid")
        assert eventually(lambda: all(command["published"] for command in both.json("inspect", "t-1")["commands"]))
        lag = both.json("lag")
    queues = {queue["name"].rpartition(".")[2]: queue["consumers"] for queue in lag["queues"]}
    assert (queues["trip"], queues["order"]) == (1, 1)
    assert queues.keys() == {"trip", "flight", "hotel", "car", "order", "gateway", "fulfilment", "undelivered"}
    assert listed(both) == {("trip", "t-1", "booked"), ("order", "o-1", "paid")}
    assert both.json("replay")["checked"] == 2
    assert "2 instances checked: all match their record." in both("replay").stdout


def test_what_is_configured_is_run_where_nothing_is_named(both: Saga, tmp_path: Path) -> None:
    with working(both, tmp_path / "log") as ready:
        assert ready["processes"] == "trip, order"


def test_a_process_from_somebodys_own_folder_is_run_by_its_name(
    saga: Saga, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my_shop").mkdir()
    (tmp_path / "my_shop" / "processes.py").write_text(RETURNS)
    monkeypatch.chdir(tmp_path)
    target = "my_shop.processes:returns"
    with working(saga, tmp_path / "log", target, cwd=tmp_path) as ready:
        assert ready["processes"] == "return"
        sent = saga.json("publish", "ParcelBack", "r-1", "--sample", "--process", target)
        assert (sent["module"], sent["data"]["return_id"], type(sent["data"]["weight"])) == ("warehouse", "r-1", int)
        assert eventually(lambda: outcome(saga, "r-1", "--process", target) == "done")
    assert "Return r-1: done (settled)" in saga("inspect", "r-1", "--process", target).stdout
    assert saga("inspect", "r-1").exit_code == 1
    assert "1 return checked" in saga("replay", "--process", target).stdout


def test_a_message_that_several_processes_hear_reaches_all_of_them(saga: Saga, tmp_path: Path) -> None:
    saga.environment["SAGA_PROCESSES"] = f"{ORDER},{SHOP}"
    with working(saga, tmp_path / "log"):
        saga.json("publish", "OrderCancelled", "o-1", "--sample")
        eventually(lambda: outcome(saga, "o-1", "--process", "order") == "cancelled")
        eventually(lambda: outcome(saga, "o-1", "--process", "shop-order") is not None)
    unclear = saga("inspect", "o-1")
    assert unclear.exit_code == 2
    assert "--process order or --process shop-order" in unclear.stderr
    assert {process for process, _, _ in listed(saga)} == {"order", "shop-order"}
    assert saga.json("replay", "o-1")["checked"] == 2


def test_an_instance_is_shown_in_the_words_of_its_process(both: Saga) -> None:
    handle(both, trip, about_a_trip("TripRequested", "t-1"))
    handle(both, order_process(), message("OrderPlaced", "o-1"))
    found = both.json("inspect", "t-1")
    assert (found["process"], found["process_id"], found["trip_id"]) == ("trip", "t-1", "t-1")
    assert both("inspect", "t-1").stdout.startswith("Trip t-1: pending (open)")
    assert both.json("inspect", "o-1")["order_id"] == "o-1"
    assert both("inspect", "o-1").stdout.startswith("Order o-1: awaiting_payment (open)")
    assert both("inspect", "o-1", "--process", "trip").exit_code == 1
    assert "Nothing is known of instance 'x-1'" in both("inspect", "x-1").stderr


def test_a_list_has_all_processes_or_one(both: Saga) -> None:
    handle(both, trip, about_a_trip("TripRequested", "t-1"))
    handle(both, order_process(), message("OrderPlaced", "o-1"))
    handle(both, trip, about_a_trip("TripCancelled", "t-2"))
    newest = both.json("list")
    assert [one["process_id"] for one in newest["instances"]] == ["t-2", "o-1", "t-1"]
    limited = both.json("list", "--limit", "1")
    assert ([one["process_id"] for one in limited["instances"]], limited["more"]) == (["t-2"], True)
    assert listed(both, "--process", "trip") == {("trip", "t-1", "pending"), ("trip", "t-2", "cancelled")}
    assert listed(both, "--outcome", "pending") == {("trip", "t-1", "pending")}
    assert [one["order_id"] for one in both.json("list", "--process", "order")["orders"]] == ["o-1"]
    shown = both("list").stdout
    assert [line.split()[:3] for line in shown.splitlines()[1:]] == [
        ["trip", "t-2", "cancelled"],
        ["order", "o-1", "awaiting_payment"],
        ["trip", "t-1", "pending"],
    ]
    assert "No instance ends as 'lost'" in both("list", "--outcome", "lost").stderr


def test_each_dead_letter_is_redriven_by_its_own_process(both: Saga) -> None:
    handle(both, order_process(), message("OrderPlaced", "o-1", amount=0))
    handle(both, trip, about_a_trip("TripRequested", "t-1", destination=7))
    letters = both.json("dead-letters", "list")["dead_letters"]
    assert [(one["consumer"], one.get("trip_id"), one.get("order_id")) for one in letters] == [
        ("trip", "t-1", None),
        ("order", None, "o-1"),
    ]
    shown = both("dead-letters", "list").stdout
    assert "TripRequested of trip t-1" in shown
    assert "OrderPlaced of order o-1" in shown
    requested = '{"trip_id": "t-1", "destination": "Rome", "first_day": "2026-05-01", "last_day": "2026-05-08"}'
    (answer,) = both.json("dead-letters", "redrive", "2", "--data", requested)["redriven"]
    assert (answer["answer"], answer["process"], answer["trip_id"]) == ("taken", "trip", "t-1")
    assert outcome(both, "t-1") == "pending"
    still = both("dead-letters", "redrive", "--all", "--json")
    assert (still.exit_code, json.loads(still.stdout)["redriven"][0]["order_id"]) == (1, "o-1")


def test_a_letter_that_stays_dead_is_not_taken_for_that_of_another_process(saga: Saga) -> None:
    saga.environment["SAGA_PROCESSES"] = f"{ORDER},{SHOP}"
    placed = message("OrderPlaced", "o-1", amount=0)
    for process in (order_process(), shop_order):
        handle(saga, process, placed)
    answers = json.loads(saga("dead-letters", "redrive", "--all", "--json").stdout)["redriven"]
    assert [(one["process"], one["dead_letter_id"]) for one in answers] == [("order", 1), ("shop-order", 2)]


def test_dead_letters_of_a_process_that_is_not_configured_are_left_alone(saga: Saga) -> None:
    handle(saga, order_process(), message("OrderPlaced", "o-1", amount=0))
    handle(saga, trip, about_a_trip("TripRequested", "t-1", destination=7))
    refused = saga("dead-letters", "redrive", "1", "2")
    assert refused.exit_code == 1
    assert "nothing was done: 2 is one of trip" in refused.stderr
    every = saga("dead-letters", "redrive", "--all", "--json")
    assert [one["id"] for one in json.loads(every.stdout)["redriven"]] == [1]
    assert "1 of trip not redriven" in every.stderr
    assert saga.json("dead-letters", "show", "2")["attempts"] == 1


def test_a_replay_covers_every_process_and_repairs_in_each(both: Saga) -> None:
    handle(both, trip, about_a_trip("TripRequested", "t-1"))
    handle(both, order_process(), message("OrderPlaced", "o-1"))
    both.sql("UPDATE saga.instance SET outcome = 'expired'")
    result = both("replay")
    assert result.exit_code == 1
    assert "Trip t-1\n  outcome: stored expired, recorded pending" in result.stdout
    assert "Order o-1\n  outcome: stored expired, recorded awaiting_payment" in result.stdout
    document = both.json("replay", "--repair", "t-1", "--process", "trip")
    assert [one["trip_id"] for one in document["instances"]] == ["t-1"]
    assert both.json("replay", "--process", "trip")["differing"] == 0
    nothing = both("replay", "--repair", "o-1", "x-1")
    assert (nothing.exit_code, nothing.stderr) == (1, "Nothing is known of instance 'x-1'.\n")
    assert json.loads(both("replay", "--json").stdout)["differing"] == 1, "where one id is unknown, nothing is done"


def test_a_sample_is_made_from_the_message_class(both: Saga) -> None:
    sent = both.json("publish", "TripRequested", "t-1", "--sample", "--data", '{"destination": "Rome"}')
    assert (sent["routing_key"], sent["process_id"]) == ("trips.TripRequested", "t-1")
    assert sent["data"] == {"trip_id": "t-1", "destination": "Rome"} | {
        name: sent["data"][name] for name in ("first_day", "last_day")
    }
    assert all(isinstance(value, str) for value in sent["data"].values())


def test_a_message_class_that_tells_nothing_needs_its_fields(saga: Saga) -> None:
    target = f"{__name__}:sealed"
    refused = saga("publish", "Sealed", "o-1", "--sample", "--process", target)
    assert refused.exit_code == 2
    assert "--data" in refused.stderr
    assert "Sealed.seal" in refused.stderr
    given = '{"seal": "seal 777-abcdefabc"}'
    result = saga("publish", "Sealed", "o-1", "--process", target, "--data", given, "--json")
    assert json.loads(result.stdout)["data"] == {"order_id": "o-1", **json.loads(given)}


def test_only_the_order_process_takes_the_payment_timeout_from_the_settings() -> None:
    settings = Settings(payment_timeout_seconds=60, processes=f"{ORDER},{SHOP}")
    for processes in (load_processes(settings), load_processes(settings, [ORDER, SHOP])):
        waits = {
            process.name: next(one.after for one in process.effects if isinstance(one, Deadline))
            for process in processes
        }
        assert waits == {"order": timedelta(seconds=60), "shop-order": timedelta(days=3)}


@pytest.mark.parametrize(
    ("targets", "complaint"),
    [
        ([ORDER, ORDER], "two processes named order"),
        ([TRIP, "nowhere.processes:trip"], "there is no module nowhere"),
        ([f"{__name__}:RETURNS"], "is a str, not a process"),
        (["orders"], "write module:name"),
    ],
)
def test_what_can_not_be_run_is_refused_before_anything_starts(saga: Saga, targets: list[str], complaint: str) -> None:
    with pytest.raises(WrongUsage, match=complaint):
        load_processes(Settings(), targets)
    assert complaint in saga.refusal("saga", "run", *targets, PYTHONPATH=str(ROOT))


def test_a_process_that_is_not_configured_is_named_with_those_that_are(both: Saga) -> None:
    result = both("list", "--process", "cruise")
    assert (result.exit_code, "'cruise' in SAGA_PROCESSES, only trip, order" in result.stderr) == (2, True)
    assert "SAGA_PROCESSES names no process" in both("list", SAGA_PROCESSES=" , ").stderr


def test_no_command_no_page_and_no_scheduler_knows_orders() -> None:
    knowing = {
        path.stem
        for folder in ("saga/cli", "saga/console", "saga/documents", "scheduler")
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("saga.orders")
    }
    assert knowing == KNOW_ORDERS
