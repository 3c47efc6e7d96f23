"""Documents about dead letters: what `saga dead-letters list` and `show` print."""

from base64 import b64encode
from collections.abc import Sequence
from typing import Any, Final

from saga.core import Process
from saga.documents.as_data import as_data
from saga.operations import DeadLetter, ListedDeadLetter

SHORT_BYTES: Final = 2_000


def dead_letters_document(
    dead_letters: Sequence[ListedDeadLetter], processes: Sequence[Process], *, more: bool
) -> dict[str, Any]:
    """A list of dead letters; ``more`` says that there are further ones."""
    listed = [{**identified(dead_letter, processes), **as_data(dead_letter)} for dead_letter in dead_letters]
    return {"dead_letters": listed, "count": len(dead_letters), "more": more}


def dead_letter_document(dead_letter: DeadLetter, processes: Sequence[Process], *, full: bool) -> dict[str, Any]:
    """The dead letter as JSON values. The body is text where it is UTF-8, else base64; shortened unless ``full``."""
    known = as_data(dead_letter)
    known.pop("body")
    body, encoding, shortened = _body(dead_letter.body, full=full)
    return {
        **identified(dead_letter, processes),
        **known,
        "body": body,
        "body_encoding": encoding,
        "body_bytes": len(dead_letter.body),
        "body_shortened": shortened,
    }


def identified(dead_letter: ListedDeadLetter | DeadLetter, processes: Sequence[Process]) -> dict[str, Any]:
    """The dead letter's id and, if its process is one of these, the instance under the process's own name for it."""
    own = {process.correlate: dead_letter.process_id for process in processes if process.name == dead_letter.consumer}
    return {"id": dead_letter.id, **own}


def as_text(part: bytes, *, cut: bool) -> str | None:
    """The bytes as text; None if they are not UTF-8. A character that is cut off at the end does not count."""
    try:
        return part.decode()
    except UnicodeDecodeError as error:
        return part[: error.start].decode() if cut and error.start > len(part) - 4 else None


def _body(body: bytes, *, full: bool) -> tuple[str, str, bool]:
    part = body if full else body[:SHORT_BYTES]
    cut = len(part) < len(body)
    text = as_text(part, cut=cut)
    if text is None:
        return b64encode(part).decode(), "base64", cut
    return text, "utf-8", cut
