"""Identifiers of instances, messages and conversations, and how long they may be.

AMQP counts bytes: an id, a type, a correlation id or a routing key has at most 255. People and database columns count
characters. An identifier keeps both limits, so every identifier that was taken in can be sent on.
"""

import re
from typing import Final, TypeGuard

MAX_CHARACTERS: Final = 200
MAX_BYTES: Final = 255
"""In UTF-8: the limit of an AMQP short string."""

IDENTIFIER_RULE: Final = (
    f"1 to {MAX_CHARACTERS} characters and at most {MAX_BYTES} bytes of UTF-8, none of them a control character"
)

_MOST_BYTES_OF_ONE = 4
_UNFIT = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


def byte_length(text: str) -> int:
    """How many bytes the text takes in UTF-8; lone surrogates, which UTF-8 does not allow, count as well."""
    return len(text.encode("utf-8", "surrogatepass"))


def is_short(text: str) -> bool:
    """Whether the text fits into an AMQP short string."""
    return len(text) * _MOST_BYTES_OF_ONE <= MAX_BYTES or byte_length(text) <= MAX_BYTES


def is_clean(text: str) -> bool:
    """Whether the text has neither a control character nor a lone surrogate."""
    return text.isprintable() or not _UNFIT.search(text)


def is_identifier(text: object) -> TypeGuard[str]:
    """Whether this value is an identifier."""
    return isinstance(text, str) and 0 < len(text) <= MAX_CHARACTERS and is_short(text) and is_clean(text)
