"""Which messages have spans, what these belong to, and what becomes of spans that nobody takes."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import orjson
import pytest
from structlog.testing import capture_logs

from saga.engine.dead_letters import DeadLetterKind, NewDeadLetter
from saga.engine.spans import mark_dead
from saga.messages import Envelope, Poison, Raw
from saga.metrics.instruments import switched_on
from saga.metrics.table import SPANS_LOST
from saga.rabbitmq.sending import mark_unsent
from saga.settings import Settings
from saga.tracing import Kind, MessageSpans, OpenSpans, TracesUnavailable, active, linking, traced
from saga.tracing.context import TraceContext
from saga.tracing.message_spans import MOST_LINKS
from tests.engine.conversation import message
from tests.harness.collector import Collector, attributes_of, links_of, parent_of, place_of, sent_by

SAMPLED = TraceContext(trace_id=0xABC, span_id=0xDEF, flags=1)
UNSAMPLED = TraceContext(trace_id=0xABC, span_id=0xDEF, flags=0)
SENT_FROM = (SAMPLED.trace_id, SAMPLED.span_id)


def paid(context: TraceContext | str | None, order_id: str = "o-1") -> Envelope:
    given = message("PaymentReceived", order_id, module="payments", position=7)
    return replace(given, traceparent=None if context is None else str(context))


def spans_of_orders() -> MessageSpans:
    return MessageSpans("saga.process", "order", {"PaymentReceived"})


def handle(*messages: Envelope | Poison) -> list[str | None]:
    """Handle a batch in which all is taken in; gives the contexts that messages lead to."""
    spans = spans_of_orders()
    entered = spans.enter(messages)
    spans.end({id(one.raw): {"saga.decision": "taken"} for one in entered}, [])
    return [one.traceparent for one in entered if isinstance(one, Envelope)]


def test_nothing_is_imported_while_traces_are_off() -> None:
    code = """if True:
        import sys
        import saga.cli, saga.worker, saga.collaborator, saga_scheduler.service, saga_gateway_stub.service
        from saga.tracing import traced
        with traced("test", None):
            sys.exit(any(name.partition(".")[0] == "opentelemetry" for name in sys.modules))
    """
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_while_traces_are_off_messages_stay_what_they_are() -> None:
    assert active() is None
    messages = [paid(SAMPLED), paid(None)]
    assert spans_of_orders().enter(messages) is messages
    spans = OpenSpans()
    assert not spans.are_on
    assert spans.continued("send", Kind.PRODUCER, str(SAMPLED), {}) is None


def test_the_sdk_is_switched_off_by_its_own_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    with traced("test", 1.0):
        assert active() is None


def test_without_opentelemetry_traces_refuse_to_begin() -> None:
    code = """if True:
        import sys
        sys.modules["opentelemetry"] = None
        from saga.service import serve
        serve("worker", None)
    """
    done = subprocess.run(
        [sys.executable, "-c", code], env={"SAGA_TRACES": "0.5"}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "install saga[otel], or unset it" in line
    assert '"event": "cannot_start"' in line


def test_a_wrong_variable_of_opentelemetry_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "3")
    with pytest.raises(TracesUnavailable, match="A variable of OpenTelemetry is wrong"), traced("test", 1.0):
        pass
    assert active() is None


@pytest.mark.parametrize("given", ["-0.1", "1.1", "half"])
def test_a_share_is_from_0_to_1(given: str) -> None:
    with pytest.raises(ValueError, match="traces"):
        Settings.model_validate({"traces": given})


@pytest.mark.parametrize("share", [0.0, 1.0])
async def test_a_sampled_message_has_a_span_within_the_trace_that_it_came_with(
    collector: Collector, share: float
) -> None:
    with traced("test", share):
        (sent_on,) = handle(paid(SAMPLED))
    span = await collector.named("process PaymentReceived")
    assert (place_of(span)[0], parent_of(span)) == SENT_FROM
    assert sent_by(sent_on) == place_of(span)
    assert (
        attributes_of(span).items()
        >= {
            "saga.process": "order",
            "saga.module": "payments",
            "saga.position": 7,
            "saga.decision": "taken",
        }.items()
    )


@pytest.mark.parametrize("share", [0.0, 1.0])
async def test_an_unsampled_message_is_passed_on_as_it_came(collector: Collector, share: float) -> None:
    with traced("test", share):
        assert handle(paid(UNSAMPLED)) == [str(UNSAMPLED)]
        handle(paid(SAMPLED))
    await collector.named("process order")
    assert len(collector.all_named("process PaymentReceived")) == 1


async def test_the_share_of_messages_without_a_trace_begin_one(collector: Collector) -> None:
    with traced("test", 0.0):
        assert handle(paid(None), paid("no context")) == [None, "no context"]
    with traced("test", 1.0):
        begun = handle(paid(None), paid("no context"), paid(None))
    await collector.named("process order")
    spans = collector.all_named("process PaymentReceived")
    assert [place_of(span) for span in spans] == [sent_by(begun[0]), sent_by(begun[2])]
    assert begun[1] == "no context"
    assert len({span.trace_id for span in spans}) == 2
    assert [parent_of(span) for span in spans] == [0, 0]


async def test_a_share_is_about_that_share(collector: Collector) -> None:
    with traced("test", 0.1):
        contexts = handle(*(paid(None) for _ in range(2_000)))
    assert 100 < len([one for one in contexts if one is not None]) < 320


async def test_where_work_may_be_late_a_message_begins_a_trace_with_a_link(collector: Collector) -> None:
    with traced("test", 0.0), linking():
        handle(paid(SAMPLED))
    span = await collector.named("process PaymentReceived")
    batch = await collector.named("process order")
    assert parent_of(span) == 0
    assert place_of(span)[0] != SAMPLED.trace_id
    assert links_of(span) == {SENT_FROM, place_of(batch)}


async def test_a_dead_letter_has_a_span_though_it_is_not_sampled(collector: Collector) -> None:
    unsampled = Raw(b"{}", headers={"ce-traceparent": str(UNSAMPLED)})
    structured = Raw(
        orjson.dumps({"traceparent": str(UNSAMPLED), "data": None}), content_type="application/cloudevents+json"
    )
    nothing = Raw(b"secret", headers={"ce-traceparent": 5})
    with traced("test", 0.0):
        spans = spans_of_orders()
        dead = [Poison(raw, "it says secret", type="secret") for raw in (unsampled, structured, nothing)]
        assert spans.enter(dead) is dead
        spans.end({}, [(one, "poison") for one in dead])
    await collector.named("process order")
    found = collector.all_named("process message")
    assert [parent_of(span) for span in found] == [UNSAMPLED.span_id, UNSAMPLED.span_id, 0]
    assert {(attributes_of(span)["error.type"], span.status.code) for span in found} == {("poison", 2)}
    assert "secret" not in str(collector.spans)


async def test_what_is_kept_without_a_step_has_a_span(collector: Collector) -> None:
    """What the broker gave up may belong to a process that another worker runs."""
    raw = Raw(b"{}", headers={"ce-traceparent": str(UNSAMPLED)})
    dead = NewDeadLetter(DeadLetterKind.POISON, Poison(raw, "it says secret"))
    mark_dead("returns", [dead])
    with traced("test", 0.0):
        mark_dead("returns", [dead])
    span = await collector.named("process message")
    assert (parent_of(span), attributes_of(span)["saga.process"]) == (UNSAMPLED.span_id, "returns")
    batch = await collector.named("process returns")
    assert attributes_of(batch)["messaging.batch.message_count"] == 1
    assert batch.start_time_unix_nano == pytest.approx(batch.end_time_unix_nano, abs=60e9)


async def test_a_sampled_message_that_dies_has_one_span(collector: Collector) -> None:
    with traced("test", 0.0):
        spans = spans_of_orders()
        (entered,) = spans.enter([paid(SAMPLED)])
        spans.end({}, [(Poison(entered.raw, "wrong"), "conflict")])
    span = await collector.named("process PaymentReceived")
    assert attributes_of(span)["error.type"] == "conflict"
    await collector.named("process order")
    assert len(collector.spans) == 2


async def test_a_batch_has_a_span_with_its_stages_and_links_to_its_messages(collector: Collector) -> None:
    with traced("test", 0.0):
        spans = spans_of_orders()
        messages = [paid(SAMPLED) for _ in range(MOST_LINKS + 2)] + [paid(None)]
        entered = spans.enter(messages)
        spans.end({id(one.raw): {} for one in entered}, [], [("verify", 1.0), ("commit", 2.0)])
    batch = await collector.named("process order")
    assert attributes_of(batch)["messaging.batch.message_count"] == MOST_LINKS + 3
    assert [event.name for event in batch.events] == ["verify", "commit"]
    assert batch.events[1].time_unix_nano - batch.events[0].time_unix_nano == pytest.approx(1e9, rel=0.001)
    assert len(links_of(batch)) == MOST_LINKS
    assert parent_of(batch) == 0


async def test_what_is_not_committed_is_forgotten(collector: Collector) -> None:
    with traced("test", 0.0):
        spans_of_orders().enter([paid(SAMPLED)])
        handle(paid(SAMPLED, "o-2"))
    await collector.named("process order")
    assert len(collector.all_named("process PaymentReceived")) == 1


async def test_what_is_sent_on_and_fails_says_so(collector: Collector) -> None:
    with traced("test", 0.0):
        spans = OpenSpans()
        for given in (str(UNSAMPLED), None, "no context", "x" * 54 + "1", 5):
            assert spans.continued("send nothing", Kind.PRODUCER, given, {}) is None
        sent_on = spans.continued("send it", Kind.PRODUCER, str(SAMPLED), {"left out": None})
        spans.end("NotConfirmed")
    span = await collector.named("send it")
    assert (place_of(span), parent_of(span)) == (sent_by(sent_on), SAMPLED.span_id)
    assert attributes_of(span) == {"error.type": "NotConfirmed"}
    assert len(collector.spans) == 1


async def test_what_can_not_be_sent_has_a_span_though_it_is_not_sampled(collector: Collector) -> None:
    raw = Raw(b"{}", exchange="saga.commands", routing_key="gateway.\ud800", headers={"ce-traceparent": str(UNSAMPLED)})
    mark_unsent(Poison(raw, "it says secret", id="e-1"))
    with traced("test", 0.0):
        mark_unsent(Poison(raw, "it says secret", id="e-1"))
    span = await collector.named("send saga.commands:gateway.\\ud800")
    assert (place_of(span)[0], parent_of(span), span.status.code) == (*SENT_FROM, 2)
    assert len(collector.spans) == 1
    assert "secret" not in str(span)


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Where connections are taken and nobody answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_spans_that_nobody_takes_are_dropped_and_counted_and_the_end_does_not_wait(
    monkeypatch: pytest.MonkeyPatch, silent_port: int
) -> None:
    """The exporter has what one batch holds in its hands, and the queue is full behind it."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{silent_port}")
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "4")
    monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "2")
    monkeypatch.setattr("saga.tracing.sdk.FLUSH_SECONDS", 0.1)
    with switched_on([SPANS_LOST]) as exposition, capture_logs() as logged, traced("test", 1.0):
        for _ in range(10):
            handle(*(paid(None) for _ in range(9)))
    shown = exposition().decode()
    lost = {line for line in shown.splitlines() if line.startswith("saga_spans_lost_total{")}
    assert {line["event"] for line in logged} == {"spans_lost"}
    assert sum(line["count"] for line in logged) == 100
    assert sum(float(line.rpartition(" ")[2]) for line in lost) == 100
    assert {line.partition("}")[0] for line in lost} == {
        f'saga_spans_lost_total{{cause="{cause}"' for cause in ("queue_full", "stopped")
    }


def test_a_collector_that_is_away_costs_spans_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.2")
    with capture_logs() as logged, traced("test", 1.0):
        handle(paid(None))
    assert [(line["event"], line["count"]) for line in logged] == [("spans_lost", 2)]
