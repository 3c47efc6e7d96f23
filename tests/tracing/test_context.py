"""A traceparent is read by the rules of W3C Trace Context, and written as it was."""

import pytest

from saga.tracing.context import read_traceparent, recorded_trace, seems_sampled

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
VALID = f"00-{TRACE}-{SPAN}-01"


@pytest.mark.parametrize(
    ("given", "is_sampled"),
    [
        (VALID, True),
        (f"00-{TRACE}-{SPAN}-00", False),
        (f"00-{TRACE}-{SPAN}-03", True),
        (f"00-{TRACE}-{SPAN}-fe", False),
        (f"cc-{TRACE}-{SPAN}-01-what-will-be", True),
        (f"cc-{TRACE}-{SPAN}-01", True),
    ],
)
def test_a_valid_context_is_read(given: str, is_sampled: bool) -> None:
    context = read_traceparent(given)
    assert context is not None
    assert context.is_sampled is is_sampled
    assert seems_sampled(given) is is_sampled
    assert str(context) == f"00-{TRACE}-{SPAN}-{given[53:55]}"


@pytest.mark.parametrize(
    "given",
    [
        None,
        "",
        "secret",
        VALID.upper(),
        VALID + "-more",
        VALID[:-1],
        VALID + " ",
        VALID + "\n",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE}-{SPAN}-1",
        "x" * 54 + "1",
    ],
)
def test_what_is_no_valid_context_is_none(given: str | None) -> None:
    assert read_traceparent(given) is None


def test_a_quick_look_never_misses_a_sampled_context() -> None:
    for flags in range(256):
        given = f"00-{TRACE}-{SPAN}-{flags:02x}"
        context = read_traceparent(given)
        assert context is not None
        assert seems_sampled(given) is context.is_sampled


def test_a_recorded_trace_is_shown_by_its_id() -> None:
    assert recorded_trace(VALID) == TRACE
    assert recorded_trace(VALID[:-1] + "0") is None
    assert recorded_trace({"traceparent": VALID}) is None
    assert recorded_trace("secret") is None
