"""`saga-scheduler` and `python -m saga_scheduler`: one scheduler; start as many as you like."""

from saga.entry import enter


def main() -> None:
    """Fire due timers until a stop signal."""
    enter(is_service=True)
    from saga_scheduler.service import schedule  # noqa: PLC0415 -- imports only after signals have handlers

    schedule()


if __name__ == "__main__":
    main()
