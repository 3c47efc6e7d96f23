"""`python -m saga`."""

from saga.cli import main

main()
