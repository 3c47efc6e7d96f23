"""What can be wrong with a declaration. Decisions never raise: late or repeated input is answered, not refused."""


class DeclarationError(ValueError):
    """A process or a module is declared wrongly; the message names the place and what to write there.

    >>> outcomes(WORK, rows=[(Work.OPEN, Ticket.WAITING)])
    Traceback (most recent call last):
    saga.core.errors.DeclarationError: outcome: cell (DONE) is missing
    """
