"""Logs: one JSON object a line on stderr, with an event name and values as fields; also what Python itself would print.

No line contains the contents of a message. Errors of the database could: PostgreSQL adds details that show keys and
whole rows. So these details are removed from everything that is logged, including tracebacks and the logs of libraries.
"""

import json
import logging
import re
import sys
import threading
from datetime import UTC, datetime
from types import TracebackType
from typing import Final

import structlog
from structlog.typing import EventDict, WrappedLogger

_DETAIL: Final = re.compile(
    r"\nDETAIL:.*?(?=\n\[SQL: |\n\n(?:The above|During handling)|\Z)",
    re.DOTALL,
)
"""The details that PostgreSQL adds to a message, up to the text that SQLAlchemy or a traceback adds after them."""


def configure_logging(service: str, level: str = "info") -> None:
    """Send structlog's events, and the libraries' warnings, to stderr as JSON lines that name the service."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _leave_out_details,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
    libraries = logging.StreamHandler(sys.stderr)
    libraries.setFormatter(_AsJson(service))
    logging.basicConfig(level=logging.ERROR, handlers=[libraries])
    logging.getLogger("py.warnings").setLevel(logging.WARNING)
    logging.captureWarnings(True)
    _say_what_python_would_print()


def without_details(text: str) -> str:
    """The text without the details that a database added."""
    return _DETAIL.sub("", text)


def _leave_out_details(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    return {name: without_details(value) if isinstance(value, str) else value for name, value in event.items()}


class _AsJson(logging.Formatter):
    """Formats a library's log record as the event ``library``; asyncio's errors and Python's warnings come here too."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line."""
        fields = {
            "library": record.name,
            "said": without_details(record.getMessage()),
            "event": "library",
            "service": self._service,
            "level": record.levelname.lower(),
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z"),
        }
        if record.exc_info:
            fields["exception"] = without_details(self.formatException(record.exc_info))
        return json.dumps(fields)


def _say_what_python_would_print() -> None:
    """Log uncaught exceptions: of the main thread, of other threads, and those that can't be raised."""
    python = logging.getLogger("python")

    def uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        python.critical("nobody caught it", exc_info=(kind, error, trace))

    def in_thread(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            python.critical("a thread died", exc_info=(args.exc_type, args.exc_value, args.exc_traceback))

    def unraisable(args: "sys.UnraisableHookArgs") -> None:
        python.error("it could not be raised: %s", args.err_msg or "in a destructor", exc_info=args.exc_value)

    sys.excepthook, threading.excepthook, sys.unraisablehook = uncaught, in_thread, unraisable
