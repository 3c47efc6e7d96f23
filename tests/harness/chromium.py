"""Debian's Chromium for the tests in a browser: finds it, or installs it with apt-get where that is allowed.

`python -m tests.harness.chromium` installs it; `make test` calls that. What can't be installed is said in a sentence,
and the tests that need it are skipped; in CI that is a failure.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome")
PACKAGE = "chromium"


def find() -> Path | None:
    """The browser of this machine; None if there is none."""
    return next((Path(found) for name in NAMES if (found := shutil.which(name))), None)


def install() -> str | None:
    """Install the browser if it is missing. Gives the reason why that is not possible, or None."""
    if find() is not None:
        return None
    if shutil.which("apt-get") is None:
        return "this is not a Debian machine"
    prefix = _superuser()
    if prefix is None:
        return "only root installs packages here"
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for words in (
        ("update",),
        ("-o", "DPkg::Lock::Timeout=300", "install", "--yes", "--no-install-recommends", PACKAGE),
    ):
        done = subprocess.run(
            [*prefix, "apt-get", *words],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            return f"apt-get {words[0]} failed: {done.stderr.strip()[-300:]}"
    return None if find() else "it was installed and its program was not found"


def _superuser() -> list[str] | None:
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo and subprocess.run([sudo, "-n", "true"], capture_output=True, check=False).returncode == 0:
        return [sudo, "-n"]
    return None


if __name__ == "__main__":
    if (reason := install()) is not None:
        sys.stderr.write(f"Chromium is missing, so no test runs in a browser: {reason}.\n")
