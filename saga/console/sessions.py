"""Sessions: what a browser has in place of a token. A cookie says until when, and carries a signature.

Nothing is stored, so any console with the same token takes the cookie of another one, and a new token ends them all.
The exception is what was signed out: the console remembers it until it would have ended anyway. Another console, or
the same one after a restart, does not know of it.
"""

import hmac
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from secrets import token_hex
from typing import Final

from saga.console.settings import Authentication, ConsoleSettings

COOKIE: Final = "__Host-saga"
OPERATOR: Final = "operator token"
VIEWER: Final = "token"
SESSION_SECONDS: Final = 8 * 3_600
MOST_ENDED: Final = 10_000


@dataclass(frozen=True, slots=True)
class Sessions:
    """The sessions of one token."""

    token: str
    ended: dict[str, int] = field(default_factory=dict)
    """The cookies that were signed out, and when they would have ended."""

    def is_token(self, given: str) -> bool:
        """Whether this is the token, in a time that does not depend on where they differ."""
        return hmac.compare_digest(given.encode("utf-8", "replace"), self.token.encode())

    def begin(self, now: float | None = None) -> str:
        """A cookie's value that is good for eight hours; no other browser has the same."""
        said = f"{int(_at(now) + SESSION_SECONDS)}.{token_hex(8)}"
        return f"{said}.{self._signed(said)}"

    def is_open(self, value: str, now: float | None = None) -> bool:
        """Whether a cookie's value is one that we gave, that has not ended and was not signed out."""
        said, _, signature = value.rpartition(".")
        if not hmac.compare_digest(signature.encode("utf-8", "replace"), self._signed(said).encode()):
            return False
        return _end(value) > _at(now) and value not in self.ended

    def end(self, value: str, now: float | None = None) -> None:
        """Sign a cookie out."""
        if not self.is_open(value, now):
            return
        for one in [one for one, until in self.ended.items() if until <= _at(now)]:
            del self.ended[one]
        if len(self.ended) >= MOST_ENDED:
            del self.ended[next(iter(self.ended))]
        self.ended[value] = _end(value)

    def _signed(self, said: str) -> str:
        key = sha256(b"saga console session\0" + self.token.encode()).digest()
        return hmac.new(key, said.encode("utf-8", "replace"), sha256).hexdigest()


def sessions_of(settings: ConsoleSettings) -> dict[str, Sessions]:
    """Those of operators and of all others, by the name of their token; none where no token is asked for."""
    if settings.authentication is not Authentication.TOKEN:
        return {}
    tokens = {OPERATOR: settings.operator_token, VIEWER: settings.token}
    return {name: Sessions(token.get_secret_value()) for name, token in tokens.items() if token is not None}


def cookies_in(lines: Iterable[str]) -> list[str]:
    """The values of our cookie in the headers; what else stands there, however broken, changes nothing."""
    parts = [part.strip().partition("=") for line in lines for part in line.split(";")]
    return [value for name, _, value in parts if name == COOKIE]


def _end(value: str) -> int:
    return int(value.partition(".")[0])


def _at(now: float | None) -> float:
    return time.time() if now is None else now
