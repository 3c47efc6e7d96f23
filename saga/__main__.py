"""`saga`, and `python -m saga`."""

import sys

from saga.entry import enter


def main() -> None:
    """Run a command."""
    enter(is_service=sys.argv[1:2] == ["run"])
    from saga.cli import main as run_command  # noqa: PLC0415 -- imports only after signals have handlers

    run_command()


if __name__ == "__main__":
    main()
