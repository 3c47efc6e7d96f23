"""Service processes: ready when they say so, started again when they die, gone after the stop."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from saga.devstack import children
from saga.devstack.errors import LocalStackError, ServiceRefuses, StartCancelled
from saga.devstack.services import Program, Services
from tests.waiting import eventually

READY = 'import sys, time; print(\'{"event": "ready"}\', file=sys.stderr); time.sleep(60)'
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + READY


def python(name: str, code: str) -> Program:
    return Program(name, (sys.executable, "-S", "-c", code))


@contextmanager
def running(folder: Path, *programs: Program) -> Iterator[tuple[Services, list[str]]]:
    said: list[str] = []
    with Services(folder, programs, {}, said.append) as services:
        services.start()
        yield services, said


def test_they_are_started_and_leave_no_process(tmp_path: Path) -> None:
    with running(tmp_path, python("one", READY), python("two", READY)) as (services, said):
        pids = services.pids
        assert set(pids) == {"one", "two"}
        assert all(map(children.is_alive, pids.values()))
    assert not any(map(children.is_alive, pids.values()))
    assert said == []


def test_one_that_was_killed_is_started_again_and_said_so(tmp_path: Path) -> None:
    with running(tmp_path, python("one", READY)) as (services, said):
        died = services.kill("one")
        eventually(lambda: services.pids.get("one", died) != died)
        services.wait_ready(10)
        assert "one died (SIGKILL), starting it again" in said[0]
        assert said[1] == "one was started again"


def test_one_that_waits_for_a_person_is_an_error_with_its_sentence(tmp_path: Path) -> None:
    said = '{"event": "cannot_start", "reason": "Correct it."}'
    refusing = python("one", f"import sys; print('{said}', file=sys.stderr); raise SystemExit(2)")
    services = Services(tmp_path, [refusing, python("two", READY)], {})
    with services, pytest.raises(ServiceRefuses, match=r"^one can't start: Correct it\.$"):
        services.start()


def test_one_that_never_gets_ready_is_an_error_with_its_last_words(tmp_path: Path) -> None:
    broken = python("one", "raise SystemExit('no such setting')")
    last_words = pytest.raises(LocalStackError, match=r"(?s)did not get ready.*no such setting")
    with Services(tmp_path, [broken], {}) as services, last_words:
        services.start()


def test_one_that_needs_a_person_is_not_started_again_and_its_reason_is_the_error(tmp_path: Path) -> None:
    code = 'print(\'{"reason": "SAGA_X is wrong", "event": "cannot_start"}\', flush=True); raise SystemExit(2)'
    programs = [python("one", "import time; time.sleep(60)"), python("two", code)]
    with Services(tmp_path, programs, {}) as services, pytest.raises(LocalStackError) as failure:
        services.start()
    assert str(failure.value) == "two can't start: SAGA_X is wrong"
    assert (tmp_path / "two.log").read_text().count("cannot_start") == 1


def test_the_word_ready_in_another_event_is_not_readiness(tmp_path: Path) -> None:
    code = 'print(\'{"event": "not yet", "state": "ready"}\', flush=True); import time; time.sleep(60)'
    with Services(tmp_path, [python("one", code)], {}) as services, pytest.raises(StartCancelled):
        services.start(cancelled=set_in(0.5))


def test_one_that_ignores_sigterm_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("saga.devstack.services._STOP_SECONDS", 0.3)
    with running(tmp_path, python("one", STUBBORN)) as (services, said):
        pid = services.pids["one"]
    assert not children.is_alive(pid)
    assert "did not stop" in said[0]


def test_they_are_told_the_addresses(tmp_path: Path) -> None:
    code = "import os, sys; print(os.environ['SAGA_AMQP_URL'], os.environ['X'], file=sys.stderr); " + READY
    program = Program("one", (sys.executable, "-S", "-c", code), {"X": "own"})
    with Services(tmp_path, [program], {"SAGA_AMQP_URL": "amqp://given"}) as services:
        services.start()
    assert (tmp_path / "one.log").read_text().startswith("amqp://given own\n")


def set_in(seconds: float) -> threading.Event:
    event = threading.Event()
    timer = threading.Timer(seconds, event.set)
    timer.daemon = True
    timer.start()
    return event


def test_a_start_that_was_cancelled_can_be_stopped_at_once(tmp_path: Path) -> None:
    with Services(tmp_path, [python("one", "import time; time.sleep(60)")], {}) as services:
        with pytest.raises(StartCancelled):
            services.start(cancelled=set_in(0.3))
        pid = services.pids["one"]
    assert not children.is_alive(pid)


def test_an_address_that_came_from_a_file_is_given_on_without_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = "postgresql://127.0.0.1:1/saga"
    (tmp_path / "secret").write_text(address)
    monkeypatch.setenv("SAGA_DATABASE_URL_FILE", str(tmp_path / "secret"))
    code = "import os; assert 'SAGA_DATABASE_URL_FILE' not in os.environ; " + READY
    with Services(tmp_path, [python("one", code)], {"SAGA_DATABASE_URL": address}) as services:
        services.start()
        assert services.pids
