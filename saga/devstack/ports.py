"""Chooses ports on loopback for the private servers; they stay the same from one start to the next.

They lie below the range from which the kernel takes the ports of outgoing connections (32768 and up). In that range a
client that keeps trying while its server is down can get the server's own port: it then connects to itself, and
prevents the server from coming back.
"""

import secrets
import socket

_FIRST, _LAST = 20_000, 31_999
_random = secrets.SystemRandom()


def is_free(port: int) -> bool:
    """Whether a server could listen there now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def choose(kept: int | None = None) -> int:
    """The port of the last start, if it is still free; else a free one at random."""
    if kept is not None and is_free(kept):
        return kept
    return next(port for port in _candidates() if is_free(port))


def accepts(port: int, seconds: float = 1.0) -> bool:
    """Whether something listens there."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=seconds).close()
    except OSError:
        return False
    return True


def _candidates() -> list[int]:
    # 25672 is the default port of RabbitMQ's node-to-node traffic, and lies in the range.
    return [port for port in _random.sample(range(_FIRST, _LAST), k=1_000) if port != 25_672]
