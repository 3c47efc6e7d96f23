"""The error of a wrong declaration. Decisions never raise: late and duplicate inputs get an answer."""


class DeclarationError(ValueError):
    """The declaration of a process or module is wrong; the message names the place and what to write there.

    >>> outcomes(WORK, rows=[(Work.OPEN, Ticket.WAITING)])
    Traceback (most recent call last):
    saga.core.errors.DeclarationError: outcome: cell (DONE) is missing
    """
