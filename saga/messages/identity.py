"""Identities of outgoing messages, derived from their cause: sent again, it is the same message."""

from hashlib import blake2b

ID_BYTES = 16


def derived_id(*cause: str | int) -> str:
    """The id of whatever these words and numbers cause, 32 hexadecimal digits; the same cause gives the same id."""
    said = "\x1f".join(map(str, cause)).encode("utf-8", "surrogatepass")
    return blake2b(said, digest_size=ID_BYTES).hexdigest()
