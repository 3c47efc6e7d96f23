"""Ids of outgoing messages, derived from their cause, so that a message that is sent again has the same id."""

from hashlib import blake2b

ID_BYTES = 16


def derived_id(*cause: str | int) -> str:
    """An id derived from these texts and numbers, 32 hexadecimal digits; the same cause gives the same id."""
    joined = "\x1f".join(map(str, cause)).encode("utf-8", "surrogatepass")
    return blake2b(joined, digest_size=ID_BYTES).hexdigest()
