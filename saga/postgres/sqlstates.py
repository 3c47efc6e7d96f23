"""The remedy for each SQLSTATE: the classes of PostgreSQL's appendix A, and the codes that differ from their class.

The remedy depends not on what went wrong but on what helps: a retry at once, a retry once the server works again, a
person, or nothing, because the row itself is at fault. Only the rest are bugs of ours.

docs/operations.md shows the same table; a test compares the two.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Final


class Remedy(Enum):
    """What to do about a server's error."""

    WAIT = "wait"
    """Back off, then do the same again: the server can't work now."""
    AGAIN = "again"
    """Do the same again at once: a race was lost."""
    PERSON = "person"
    """A person has to change something. A service that starts ends with exit code 2; one that has worked waits."""
    PARK = "park"
    """One message or row is at fault: the step parks the message, everything else waits."""
    BUG = "bug"
    """End the service, with a traceback."""


_DAMAGED: Final = "a row or a page is damaged, or PostgreSQL reports an internal error"
_POOLER: Final = "the connection is not the one that prepared it, as behind a pooler; it is thrown away"

SQLSTATES: Final[Mapping[str, tuple[Remedy, str]]] = {
    "00": (Remedy.BUG, "success is no error"),
    "01": (Remedy.BUG, "a warning is no error"),
    "02": (Remedy.BUG, "no data is no error"),
    "03": (Remedy.BUG, "a statement is not complete yet"),
    "08": (Remedy.WAIT, "the connection broke, or a pooler complains"),
    "09": (Remedy.PARK, "a trigger failed"),
    "0A": (Remedy.BUG, "this server can't do that"),
    "0B": (Remedy.BUG, "a transaction can't begin like this"),
    "0F": (Remedy.BUG, "a locator is wrong"),
    "0L": (Remedy.PERSON, "does not let this role grant that: correct the role's rights"),
    "0P": (Remedy.PERSON, "does not know the role: create it, or correct the user in SAGA_DATABASE_URL"),
    "0Z": (Remedy.BUG, "diagnostics are asked for where there are none"),
    "10": (Remedy.BUG, "an XQuery is wrong"),
    "20": (Remedy.BUG, "no case fits"),
    "21": (Remedy.PARK, "a statement meets one row twice"),
    "22": (Remedy.PARK, "a value can't be stored: its characters, its size or its form"),
    "23": (Remedy.PARK, "a constraint of the schema refuses the row"),
    "23505": (Remedy.AGAIN, "the key is there already; the step parks the message if it still is after some attempts"),
    "24": (Remedy.BUG, "a cursor is in no such state"),
    "25": (Remedy.BUG, "the transaction is in no such state"),
    "25006": (Remedy.WAIT, "it is read-only, as a standby or after a failover; the connection is thrown away"),
    "25P03": (Remedy.WAIT, "the transaction was silent for too long and was ended"),
    "25P04": (Remedy.WAIT, "the transaction took too long and was ended"),
    "26": (Remedy.WAIT, f"a prepared statement is gone: {_POOLER}"),
    "27": (Remedy.PARK, "a trigger changed what is being changed"),
    "28": (Remedy.PERSON, "refuses the login: correct the user and the password in SAGA_DATABASE_URL, or its rules"),
    "2B": (Remedy.BUG, "others depend on the privilege"),
    "2D": (Remedy.BUG, "a transaction can't end like this"),
    "2F": (Remedy.BUG, "a routine does what it must not do"),
    "34": (Remedy.WAIT, f"a cursor is gone: {_POOLER}"),
    "38": (Remedy.BUG, "an external routine failed"),
    "39": (Remedy.BUG, "an external routine was called wrongly"),
    "3B": (Remedy.BUG, "there is no such savepoint"),
    "3D": (Remedy.PERSON, "has no such database: create it, or correct its name in SAGA_DATABASE_URL"),
    "3F": (Remedy.PERSON, "does not have the tables of this version: run `saga migrate`"),
    "40": (Remedy.AGAIN, "the transaction was rolled back: a deadlock, a conflict"),
    "40003": (Remedy.WAIT, "it is unknown whether the statement was completed"),
    "42": (Remedy.BUG, "a statement is wrong"),
    "42501": (Remedy.PERSON, "does not give this user the rights that it needs: see deploy/postgres/roles.sql"),
    "42703": (Remedy.PERSON, "does not have the tables of this version: run `saga migrate`"),
    "42704": (Remedy.PERSON, "does not know a setting or a type that this version needs: take a newer PostgreSQL"),
    "42P01": (Remedy.PERSON, "does not have the tables of this version: run `saga migrate`"),
    "42P05": (Remedy.WAIT, f"a prepared statement is there already: {_POOLER}"),
    "44": (Remedy.PARK, "a view refuses the row"),
    "53": (Remedy.WAIT, "a resource is used up: disk, memory, connections"),
    "54": (Remedy.PARK, "a limit of PostgreSQL is exceeded, for example by a value that is too long for an index"),
    "55": (Remedy.WAIT, "something is not in a state in which that can be done, or is in use"),
    "55P02": (
        Remedy.PERSON,
        "does not let a connection set its timeouts: see pgbouncer in docs/operations.md",
    ),
    "55P03": (Remedy.AGAIN, "the transaction did not get a lock in time"),
    "55P04": (Remedy.BUG, "a new value of an enumeration is used too early"),
    "57": (Remedy.WAIT, "an operator, a shutdown or a timeout ended it; or the server is starting"),
    "58": (Remedy.WAIT, "the system around PostgreSQL failed, its disk for example"),
    "72": (Remedy.AGAIN, "the snapshot is too old"),
    "F0": (Remedy.PERSON, "has a configuration file with an error: correct it"),
    "HV": (Remedy.WAIT, "a foreign server failed"),
    "P0": (Remedy.PARK, "a trigger or function refused it"),
    "XX": (Remedy.PARK, _DAMAGED),
}
"""By class, or by whole code where a code differs from its class: the remedy, and what the error means."""

STALE: Final = ("25006", "26", "34", "42P05")
"""After these errors the connection must be discarded: the state in which it was opened no longer holds."""


def classified(state: str) -> tuple[Remedy, str]:
    """The remedy for a SQLSTATE, and what the error means. An unknown class is a bug."""
    return SQLSTATES.get(state) or SQLSTATES.get(state[:2]) or (Remedy.BUG, "unknown")
