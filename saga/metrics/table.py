"""Every metric of every service; docs/metrics.md is made from this table.

Names of messaging metrics are those of OpenTelemetry's semantic conventions, as they are written in Prometheus.
"""

from typing import Final

from saga.metrics.instruments import Counter, Gauge, Histogram, Metric

_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
_SHORT_SECONDS: Final = (0.0005, 0.001, 0.0025, *_SECONDS)
_LONG_SECONDS: Final = (*_SECONDS, 30, 60, 300, 900)
_MESSAGES: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000)

_CONSUMED = ("messaging_system", "messaging_operation_name", "messaging_destination_name", "error_type")
_SENT = ("messaging_system", "messaging_operation_name", "error_type")

CONSUMED_MESSAGES: Final = Counter(
    "messaging_client_consumed_messages_total",
    "Messages of a queue that were handled and may be acknowledged, or, with an error, that will come again.",
    _CONSUMED,
)
PROCESS_SECONDS: Final = Histogram(
    "messaging_process_duration_seconds",
    "Time to handle one batch of a queue, with all attempts.",
    _CONSUMED,
    bounds=_SECONDS,
)
SENT_MESSAGES: Final = Counter(
    "messaging_client_sent_messages_total", "Messages that the broker confirmed, or, with an error, did not.", _SENT
)
SEND_SECONDS: Final = Histogram(
    "messaging_client_operation_duration_seconds",
    "Time from the first byte of a publish to the last confirm.",
    _SENT,
    bounds=_SECONDS,
)

STEP_MESSAGES: Final = Counter(
    "saga_step_messages_total",
    "Messages of committed steps, by their answer: taken, ignored, duplicate or dead.",
    ("process", "answer"),
)
STEP_BATCH_MESSAGES: Final = Histogram(
    "saga_step_batch_messages", "Messages of one committed step.", ("process",), bounds=_MESSAGES
)
STEP_STAGE_SECONDS: Final = Histogram(
    "saga_step_stage_seconds",
    "Time of each stage of a step: verify, dedup, lock, decide, write, commit.",
    ("process", "stage"),
    bounds=_SHORT_SECONDS,
)
STEP_RETRIES: Final = Counter(
    "saga_step_retries_total",
    "Steps that are done again: after a conflict with others, with the database unavailable, with a commit in_doubt.",
    ("process", "cause"),
)
MESSAGE_LATENCY_SECONDS: Final = Histogram(
    "saga_message_latency_seconds",
    "Time from the record of an event in its module's log to the commit of what it led to; both clocks count.",
    ("process", "feed"),
    bounds=_LONG_SECONDS,
)
LOOP_RESTARTS: Final = Counter(
    "saga_loop_restarts_total", "Loops that had to start over, by the class of the error.", ("loop", "error_type")
)
SPANS_LOST: Final = Counter(
    "saga_spans_lost_total",
    "Spans of traces that no collector got: with the queue full, the export failed, or the program stopped.",
    ("cause",),
)

OUTBOX_PENDING: Final = Gauge(
    "saga_outbox_pending_messages",
    "Entries that the relay has not published, among 2,000 positions of the log; target is empty for public events.",
    ("module", "target"),
)
OUTBOX_OLDEST_SECONDS: Final = Gauge(
    "saga_outbox_oldest_age_seconds", "Age of the oldest of them; 0 if there is none.", ("module", "target")
)
LOG_LAST_POSITION: Final = Gauge(
    "saga_log_last_position", "Last position of a module's log; its rate is entries per second.", ("module",)
)
CURSOR_BEHIND: Final = Gauge(
    "saga_cursor_behind_positions",
    "Positions that a consumer can read and has not handled; not known of logs in other databases.",
    ("consumer", "module"),
)
CURSOR_HOLES: Final = Gauge(
    "saga_cursor_holes", "Ranges that were not handled although later ones were.", ("consumer", "module")
)
CURSOR_HOLE_SECONDS: Final = Gauge(
    "saga_cursor_hole_age_seconds", "How long the cursor has been stopped by a hole; 0 if none.", ("consumer", "module")
)
CURSOR_ALARM: Final = Gauge(
    "saga_cursor_alarm", "1 if the log can't be asked for what is missing, else 0.", ("consumer", "module")
)
TIMERS_ARMED: Final = Gauge(
    "saga_timers_armed", "Deadlines that have not fired, counted once a minute.", ("process", "name")
)
TIMERS_OVERDUE: Final = Gauge(
    "saga_timers_overdue", "Deadlines that should have fired and have not; 1,000 at most.", ("process", "name")
)
TIMERS_OLDEST_SECONDS: Final = Gauge(
    "saga_timers_oldest_overdue_seconds", "By how much the oldest is overdue; 0 if none is.", ("process", "name")
)
TIMER_LATENESS_SECONDS: Final = Histogram(
    "saga_timer_lateness_seconds",
    "Time from when a deadline was due to when it fired, by the database's clock.",
    ("process", "name"),
    bounds=_LONG_SECONDS,
)
DEAD_LETTERS_OPEN: Final = Gauge(
    "saga_dead_letters_open",
    "Dead letters that wait for a person: poison, conflict or failed; process is relay for what could not be sent.",
    ("process", "kind"),
)
INSTANCES: Final = Gauge("saga_instances", "Instances in each outcome, counted once a minute.", ("process", "outcome"))
STUCK_INSTANCES: Final = Gauge(
    "saga_stuck_instances",
    "Instances that will not go on by themselves, by the first reason, counted once a minute.",
    ("process", "reason_code"),
)
DELIVERIES_BYTES: Final = Gauge(
    "saga_deliveries_memory_bytes", "Bodies of messages that wait in this worker's memory for a batch."
)
POOL_IN_USE: Final = Gauge("saga_pool_in_use", "Database connections of this service that are in use.")
BUILD_INFO: Final = Gauge("saga_build_info", "1, with the version of the program.", ("version",))
PROCESS_VERSION_INFO: Final = Gauge(
    "saga_process_version_info", "1, for each process that a worker runs, with its version.", ("process", "version")
)

TABLE: Final[tuple[Metric, ...]] = (
    CONSUMED_MESSAGES,
    PROCESS_SECONDS,
    SENT_MESSAGES,
    SEND_SECONDS,
    STEP_MESSAGES,
    STEP_BATCH_MESSAGES,
    STEP_STAGE_SECONDS,
    MESSAGE_LATENCY_SECONDS,
    STEP_RETRIES,
    LOOP_RESTARTS,
    SPANS_LOST,
    OUTBOX_PENDING,
    OUTBOX_OLDEST_SECONDS,
    LOG_LAST_POSITION,
    CURSOR_BEHIND,
    CURSOR_HOLES,
    CURSOR_HOLE_SECONDS,
    CURSOR_ALARM,
    TIMERS_ARMED,
    TIMERS_OVERDUE,
    TIMERS_OLDEST_SECONDS,
    TIMER_LATENESS_SECONDS,
    DEAD_LETTERS_OPEN,
    INSTANCES,
    STUCK_INSTANCES,
    DELIVERIES_BYTES,
    POOL_IN_USE,
    BUILD_INFO,
    PROCESS_VERSION_INFO,
)
"""In the order of docs/metrics.md."""
