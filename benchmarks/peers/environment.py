"""The environment that the peers run in, apart from this project's own: `.bench/peers`, made when it is missing.

Locked with hashes like the project's. It is made again when the lock or Python changed, and otherwise kept.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
LOCK = HERE / "requirements.txt"
FOLDER = HERE.parents[1] / ".bench" / "peers"
PYTHON = FOLDER / "bin" / "python"
STAMP = FOLDER / ".installed"


def ensure_environment() -> Path:
    """The peers' Python. Raises CalledProcessError, with the installer's output on stderr, if it can't be made."""
    wanted = _fingerprint()
    if not STAMP.exists() or STAMP.read_text() != wanted:
        _make()
        STAMP.write_text(wanted)
    return PYTHON


def _fingerprint() -> str:
    """A digest of the environment's sources: Python's version and the lock."""
    return hashlib.sha256(sys.version.encode() + LOCK.read_bytes()).hexdigest()


def _make() -> None:
    uv = [sys.executable, "-m", "uv", "--quiet"]
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.parent.mkdir(exist_ok=True)
    subprocess.run([*uv, "venv", "--python", sys.executable, str(FOLDER)], check=True)
    install = [
        *uv,
        "pip",
        "install",
        "--require-hashes",
        "--compile-bytecode",
        "--python",
        str(PYTHON),
        "-r",
        str(LOCK),
    ]
    subprocess.run(install, check=True, env={**os.environ, "VIRTUAL_ENV": str(FOLDER)})


if __name__ == "__main__":
    print(ensure_environment())
