"""Simulated collaborators: a payment gateway with a ledger, and a small fulfilment.

The life of a command: the collaborator (saga/collaborator/) reads it with the classes of ``commands``, stores it once
by its id and lets the greatest revision hold; ``gateway`` or ``fulfilment`` handles it; the ``answerer`` captures what
is due and reports it through the payments log. ``behaviour`` decides which faults occur on the way: it is pure, and the
same for the same seed.
"""
