"""The errors of a wrong declaration, and of an input that no instance can take in."""


class DeclarationError(ValueError):
    """The declaration of a process or module is wrong; the message names the place and what to write there.

    >>> outcomes(WORK, rows=[(Work.OPEN, Ticket.WAITING)])
    Traceback (most recent call last):
    saga.core.errors.DeclarationError: outcome: cell (DONE) is missing
    """


class UnusableInput(ValueError):
    """No instance can take this input in, whatever its state; it says nothing against the other inputs."""
