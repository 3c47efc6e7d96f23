"""The simulated payment gateway and fulfilment as a service."""

import argparse
import asyncio
import sys

from saga.service import serve
from saga.settings import Settings
from saga_gateway_stub.behaviour import Behaviour
from saga_gateway_stub.collaborators import collaborate
from saga_gateway_stub.scenario import load_scenario, shipped_scenarios
from saga_gateway_stub.settings import load_gateway_settings


def simulate() -> None:
    """Answer commands until a stop signal; or, with --list-scenarios, list what can be simulated."""
    if _parser().parse_args().list_scenarios:
        sys.stdout.write(_list_scenarios())
        return
    serve("gateway_stub", _collaborate)


async def _collaborate(settings: Settings, stop: asyncio.Event) -> None:
    chosen = load_gateway_settings()
    behaviour = Behaviour(load_scenario(chosen.scenario), chosen.seed)
    await collaborate(chosen, behaviour, settings, stop)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="saga-gateway-stub",
        description="The simulated payment gateway and fulfilment. SAGA_GATEWAY_SCENARIO names a shipped scenario or a "
        "TOML file, SAGA_GATEWAY_SEED makes the run repeatable.",
    )
    parser.add_argument("--list-scenarios", action="store_true", help="print the shipped scenarios and exit")
    return parser


def _list_scenarios() -> str:
    return "".join(f"{name:<10}{scenario.summary}\n" for name, scenario in shipped_scenarios().items())
