"""Faketime: a clock for one process that can be set while it runs. From Debian, unpacked here where it is missing."""

import subprocess
from pathlib import Path

INSTALLED = Path("/usr/lib")
LIBRARY = "*/faketime/libfaketimeMT.so.1"


def find_faketime(folder: Path) -> Path:
    """The library, if need be from the package, which is unpacked in this folder."""
    if found := next(INSTALLED.glob(LIBRARY), None):
        return found
    subprocess.run(["apt-get", "download", "libfaketime"], cwd=folder, check=True, capture_output=True)
    (package,) = folder.glob("libfaketime_*.deb")
    subprocess.run(["dpkg-deb", "-x", package, folder], check=True, capture_output=True)
    return next((folder / "usr/lib").glob(LIBRARY))


class Clock:
    """The clock of a process that starts with this ``environment``."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock"
        self.set("+0")
        self.environment = {
            "LD_PRELOAD": str(find_faketime(folder)),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def set(self, told: str) -> None:
        """By how much it is wrong, as faketime takes it: -10m, +20000d, +0 x0.01."""
        new = self._file.with_suffix(".new")
        new.write_text(f"{told}\n")
        new.rename(self._file)
