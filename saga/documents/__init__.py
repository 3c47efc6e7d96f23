"""Documents: what a command prints with --json, which is what the console's page of the same question answers.

One place for both. A document is plain data; it is made from the values that ``saga.operations`` gives.
"""
