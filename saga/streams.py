"""Handles standard streams that are closed, full or broken, or that lack a character. Standard library only.

Services log to standard error and commands report errors there: text that can't be written there is dropped, because no
message is worth ending the program. The output of a command is its purpose: if it can't be written, the command fails.
"""

import errno
import io
import os
import sys
from contextlib import suppress
from typing import Any


class OutputLost(Exception):
    """A command's output can't be written; ``is_closed`` is true if its reader has closed the pipe."""

    def __init__(self, error: OSError) -> None:
        super().__init__(f"Standard output can't be written: {error.strerror}")
        self.is_closed = error.errno == errno.EPIPE


class _Stream(io.RawIOBase):
    def __init__(self, number: int) -> None:
        self._number = number

    def fileno(self) -> int:
        return self._number

    def isatty(self) -> bool:
        return os.isatty(self._number)

    def writable(self) -> bool:
        return True


class _StandardOutput(_Stream):
    """After a failure it discards the rest, so that buffered output does not fail a second time."""

    def __init__(self) -> None:
        super().__init__(1)
        self._is_lost = False

    def write(self, data: Any) -> int:
        if not self._is_lost:
            try:
                return os.write(self._number, data)
            except OSError as error:
                self._is_lost = True
                raise OutputLost(error) from error
        return len(data)


class _StandardError(_Stream):
    def __init__(self) -> None:
        super().__init__(2)

    def write(self, data: Any) -> int:
        with suppress(OSError):
            os.write(self._number, data)
        return len(data)


def open_standard_streams() -> None:
    """Replace the interpreter's streams. Closed ones become /dev/null, so that no later file gets their numbers."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    if sys.stdin is None:
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 -- open as long as we live
    sys.stdout = _as_text(io.BufferedWriter(_StandardOutput()), sys.stdout, by_line=os.isatty(1))
    sys.stderr = _as_text(_StandardError(), sys.stderr, by_line=True)


def _as_text(stream: Any, replaced: Any, *, by_line: bool) -> io.TextIOWrapper:
    """A text stream in the encoding of the replaced one; characters that the encoding lacks are escaped."""
    encoding = getattr(replaced, "encoding", None) or "utf-8"
    return io.TextIOWrapper(stream, encoding, "backslashreplace", line_buffering=by_line)
