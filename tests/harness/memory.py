"""Temporary files in memory, where there is enough of it.

A test's database is a few hundred files that are made and removed again: on some disks that is half of the processor
time. Servers are killed here, machines are not, so that what is written survives in memory as well.
"""

import os
import shutil
import tempfile
from pathlib import Path

_FOLDER = Path("/dev/shm")  # noqa: S108 -- only names of its own are made in it
_NEEDED = 8 * 1024**3


def pytest_configure() -> None:
    """Before anything makes a temporary file, in each process of a run; what the environment says goes first."""
    if "TMPDIR" not in os.environ and _is_large():
        os.environ["TMPDIR"] = tempfile.tempdir = str(_FOLDER)


def _is_large() -> bool:
    """Whether programs may run from there, and neither it nor the memory of the machine is short."""
    try:
        is_runnable = not os.statvfs(_FOLDER).f_flag & os.ST_NOEXEC
        free = shutil.disk_usage(_FOLDER).free
        known = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    except OSError:
        return False
    available = int(known["MemAvailable"].split()[0]) * 1024
    return is_runnable and min(free, available) >= _NEEDED


def pytest_report_header() -> str:
    """Where temporary files are."""
    return f"temporary files: {tempfile.gettempdir()}"
