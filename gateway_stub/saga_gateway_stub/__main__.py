"""`saga-gateway-stub` and `python -m saga_gateway_stub`: the simulated collaborators; start as many as you like."""

from saga.entry import enter


def main() -> None:
    """Answer commands until a stop signal; or, with --list-scenarios, list what can be simulated."""
    enter(is_service=True)
    from saga_gateway_stub.service import simulate  # noqa: PLC0415 -- imports only after signals have handlers

    simulate()


if __name__ == "__main__":
    main()
