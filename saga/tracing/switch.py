"""Switches traces on for a service or a program; they are off by default."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from saga.tracing.sdk import Tracing

_active: "Tracing | None" = None


class TracesUnavailable(Exception):
    """Traces are wanted and can't be made; the message is a sentence that says what to do."""


def active() -> "Tracing | None":
    """What begins spans; None while traces are off."""
    return _active


@contextmanager
def traced(service: str, share: float | str | None) -> Iterator[None]:
    """Send spans to a collector of OpenTelemetry for as long as the block lasts; at its end, wait some seconds for it.

        with traced("mailer", os.environ.get("SAGA_TRACES")):
            asyncio.run(main())

    ``service`` is the name of the program in traces, unless OTEL_SERVICE_NAME has one. ``share``, from 0 to 1, is how
    many of the messages that come without a trace begin one; messages that come with a trace follow its decision. If it
    is empty or None, nothing is recorded, and OpenTelemetry is not imported. Where the collector is, and everything
    else, is said by the variables of OpenTelemetry, such as OTEL_EXPORTER_OTLP_ENDPOINT.

    One block is for a whole program: all collaborators and workers that run in it.

    Raises TracesUnavailable if the extra `saga[otel]` is not installed or a variable of OpenTelemetry is wrong, and
    ValueError if ``share`` is no number from 0 to 1.
    """
    global _active  # noqa: PLW0603 -- on or off for the whole program, like metrics
    wanted = _share(share)
    if wanted is None or os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        yield
        return
    before, tracing = _active, _begin(service, wanted)
    _active = tracing
    try:
        yield
    finally:
        _active = before
        tracing.end()


def _share(given: float | str | None) -> float | None:
    if given is None or (isinstance(given, str) and not given.strip()):
        return None
    share = float(given)
    if not 0 <= share <= 1:
        raise ValueError(f"share is {given!r}: it has to be from 0 to 1")
    return share


def _begin(service: str, share: float) -> "Tracing":
    try:
        from saga.tracing.sdk import Tracing  # noqa: PLC0415 -- not imported while traces are off
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "opentelemetry":
            raise
        raise TracesUnavailable(
            "SAGA_TRACES switches traces on, and OpenTelemetry is not installed: install saga[otel], or unset it."
        ) from error
    try:
        return Tracing(service, share)
    except ValueError as error:
        raise TracesUnavailable(f"A variable of OpenTelemetry is wrong: {error}.") from error
