"""Forms: what a page may ask this console to do, and the proof that one of its own pages asked.

A form carries a token that is bound to the user and the hour. Browsers also say where a request comes from, and the
console believes that; the token holds where one does not. Nothing is stored, so any console with the same secret takes
the form of another one.
"""

import asyncio
import hmac
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final
from urllib.parse import parse_qs

from starlette.exceptions import HTTPException
from starlette.requests import Request

FORM: Final = "application/x-www-form-urlencoded"
MOST_BYTES: Final = 512 * 1024
BODY_SECONDS: Final = 20.0
MOST_FIELDS: Final = 2_000
HOUR: Final = 3_600
LEAST_REASON: Final = 10
MOST_REASON: Final = 500
MOST_NAME: Final = 100

Fields = Mapping[str, Sequence[str]]


class NotAllowed(Exception):
    """Whoever asks may not do this; the message is a sentence."""


class NotFilled(Exception):
    """A form lacks something; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class FormTokens:
    """Tokens for forms."""

    secret: bytes

    def token(self, user: str, now: float | None = None) -> str:
        """One that is good for this hour and the next."""
        hour = str(int((time.time() if now is None else now) // HOUR))
        return f"{hour}.{self._signed(user, hour)}"

    def is_good(self, given: str, user: str, now: float | None = None) -> bool:
        """Whether it is one that this user was given in this hour or the last one."""
        hour, _, signature = given.partition(".")
        if not hmac.compare_digest(signature.encode("utf-8", "replace"), self._signed(user, hour).encode()):
            return False
        return 0 <= int((time.time() if now is None else now) // HOUR) - int(hour) <= 1

    def _signed(self, user: str, hour: str) -> str:
        key = sha256(b"saga console forms\0" + self.secret).digest()
        return hmac.new(key, f"{hour}\0{user}".encode("utf-8", "replace"), sha256).hexdigest()


async def read_fields(request: Request, most_bytes: int = MOST_BYTES) -> Fields:
    """The fields of a form; none of one that is too large.

    Raises NotFilled for too many, HTTPException for what is no form and for one that does not come.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise HTTPException(415)
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in request.stream():
                body += part
                if len(body) > most_bytes:
                    return {}
    except TimeoutError:
        raise HTTPException(408, headers={"Connection": "close"}) from None
    try:
        return parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise NotFilled(f"A form has at most {MOST_FIELDS} fields.") from None


def one_of(fields: Fields, name: str) -> str:
    """The value of a field, empty without one. No text that is stored has the character that PostgreSQL can't store."""
    return fields.get(name, ("",))[0].replace("\0", "\ufffd").strip()


def reason_in(fields: Fields) -> str:
    """Why it is done. Raises NotFilled."""
    reason = one_of(fields, "reason")
    if not LEAST_REASON <= len(reason) <= MOST_REASON:
        raise NotFilled(f"Say why, in {LEAST_REASON} to {MOST_REASON} characters: it is recorded.")
    return reason


def number_of(fields: Fields, name: str, what: str, *, least: int, most: int) -> int:
    """A whole number in a form. Raises NotFilled."""
    text = one_of(fields, name)
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and least <= int(text) <= most):
        raise NotFilled(f"{what} is a number from {least:,} to {most:,}.")
    return int(text)


def rate_of(fields: Fields) -> float | None:
    """How many a second at most; None for no limit. Raises NotFilled."""
    text = one_of(fields, "rate")
    if not text:
        return None
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0.01 <= rate <= 10_000:
        raise NotFilled("A rate is a number from 0.01 to 10,000 a second, or nothing for no limit.")
    return rate


def packed(ids: Sequence[int]) -> str:
    """Numbers as a short text: 1,2,5-9. Their order is kept."""
    parts: list[tuple[int, int]] = []
    for one in ids:
        if parts and one == parts[-1][1] + 1:
            parts[-1] = (parts[-1][0], one)
        else:
            parts.append((one, one))
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in parts)


def unpacked(text: str, most: int) -> list[int]:
    """The numbers that ``packed`` made a text of. Raises NotFilled."""
    ids: dict[int, None] = {}
    for part in filter(None, text.split(",")):
        first, dash, last = part.partition("-")
        last = last if dash else first
        if not all(one.isascii() and one.isdecimal() and len(one) < 19 for one in (first, last)):
            raise NotFilled("The form does not say which dead letters it is about.")
        if int(last) - int(first) >= most - len(ids):
            raise NotFilled(f"One operation is about at most {most:,} dead letters: take fewer.")
        ids.update(dict.fromkeys(range(int(first), int(last) + 1)))
    if not ids:
        raise NotFilled("The form does not say which dead letters it is about.")
    return list(ids)
