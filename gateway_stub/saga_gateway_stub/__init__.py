"""The collaborators, simulated: a payment gateway with a ledger, and a small fulfilment.

Life of a command: ``commands`` reads it, an ``inbox`` takes it in once, ``gateway`` (or ``fulfilment``) lets the
greatest revision hold, the ``answerer`` captures what is due and tells of it through the payments log. What goes wrong
on the way is ``behaviour``: pure, and the same for the same seed.
"""
