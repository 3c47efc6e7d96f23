"""`python -m saga.devstack.install`: installs the broker for the local stack; `make install` runs it.

With --unpack it unpacks the packages without root, whatever is installed.
"""

import sys

from saga.devstack.broker import unpacked_folder
from saga.devstack.debian import ensure_broker, unpack
from saga.devstack.errors import LocalStackError
from saga.settings import SettingsError, load_settings


def main() -> int:
    """Install the broker, or print in one sentence why that failed."""
    try:
        home = load_settings().home
        unpacking = "--unpack" in sys.argv[1:]
        broker = unpack(unpacked_folder(home), _say) if unpacking else ensure_broker(home, _say)
    except (LocalStackError, SettingsError, OSError) as error:
        _say(str(error))
        return 1
    _say(f"RabbitMQ: {broker.server}")
    return 0


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
