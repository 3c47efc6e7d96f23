"""A service that is asked to stop ends, also when what it waits for never comes."""

import signal
import subprocess
import sys

from tests.waiting import LIMIT_SECONDS

SERVICE = """
import asyncio
from saga import service

service.STOP_GRACE_SECONDS = {grace}

async def main(settings, stop):
    service.say_ready()
    try:
        await stop.wait()
        await asyncio.sleep({needs})
    finally:
        print("tidied up", flush=True)

service.serve("test", main)
"""


def asked_to_stop(*, grace: float, needs: float) -> tuple[int, str]:
    """The exit code and the output of a service that needs so many seconds to end by itself."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVICE.format(grace=grace, needs=needs)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as running:
        assert running.stdout is not None
        said = running.stdout.readline()
        assert '"ready"' in said
        running.send_signal(signal.SIGTERM)
        rest, _ = running.communicate(timeout=LIMIT_SECONDS)
        return running.returncode, rest


def test_what_is_begun_is_finished_within_the_grace() -> None:
    code, said = asked_to_stop(grace=15, needs=0.2)
    assert (code, "tidied up" in said, "stop_cuts_short" in said) == (0, True, False)


def test_what_does_not_end_is_cut_short_and_still_tidied_up() -> None:
    code, said = asked_to_stop(grace=0.2, needs=3600)
    assert (code, "tidied up" in said, "stop_cuts_short" in said) == (0, True, True)
