"""Logs: one JSON object a line on stderr, an event name first, values as fields.

No line says what a message said. An error of the database may: PostgreSQL adds details that show keys and whole rows.
So these are taken out of whatever is logged, also of tracebacks, and of what libraries log.
"""

import logging
import re
import sys
from typing import Final

import structlog
from structlog.typing import EventDict, WrappedLogger

_DETAIL: Final = re.compile(
    r"\nDETAIL:.*?(?=\n\[SQL: |\n\n(?:The above|During handling)|\Z)",
    re.DOTALL,
)
"""What PostgreSQL adds to a message, up to what SQLAlchemy or a traceback adds after it."""


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
    libraries.setFormatter(_WithoutDetails("%(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.ERROR, handlers=[libraries])


def without_details(said: str) -> str:
    """What was said, without the details that a database added."""
    return _DETAIL.sub("", said)


def _leave_out_details(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    return {name: without_details(value) if isinstance(value, str) else value for name, value in event.items()}


class _WithoutDetails(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return without_details(super().format(record))
