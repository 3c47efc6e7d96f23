"""A real Prometheus, and promtool: this machine's, or unpacked once from Debian's package. Nothing is installed."""

import asyncio
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

from saga.devstack import children, ports
from tests.waiting import until

ROOT = Path(__file__).parents[2]
UNPACKED = ROOT / ".pytest_cache/prometheus"
NOT_HERE = "Prometheus is not here and could not be downloaded: on Debian it is in the package prometheus"


def program(name: str) -> str:
    """Where `prometheus` or `promtool` is. The test is skipped where it can't be had, but never in CI."""
    if found := shutil.which(name):
        return found
    try:
        if not UNPACKED.exists():
            _unpack()
    except (OSError, ValueError, subprocess.SubprocessError):
        (pytest.fail if os.environ.get("CI") else pytest.skip)(NOT_HERE)
    return str(UNPACKED / "usr/bin" / name)


def _unpack() -> None:
    """Download and unpack the package in one step: several processes may try it at once."""
    UNPACKED.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=UNPACKED.parent) as folder:
        subprocess.run(["apt-get", "download", "prometheus"], cwd=folder, capture_output=True, check=True, timeout=100)
        (package,) = Path(folder).glob("*.deb")
        new = Path(folder) / "unpacked"
        subprocess.run(["dpkg-deb", "-x", package, new], capture_output=True, check=True, timeout=60)
        with suppress(OSError):
            new.rename(UNPACKED)


class Prometheus:
    """One that runs, and what it answers."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}"

    async def values(self, expression: str) -> list[float]:
        """The values of all series of an expression now; what is no number is left out."""
        result = (await self.ask("query", query=expression))["result"]
        return [value for one in result if (value := float(one["value"][1])) == value]

    async def ask(self, path: str, **asked: str) -> Any:
        """The data of an answer."""
        return json.loads(await self._get(f"/api/v1/{path}?{urlencode(asked)}"))["data"]

    async def is_ready(self) -> bool:
        """Whether it answers questions."""
        with suppress(URLError, OSError):
            return bool(await self._get("/-/ready"))
        return False

    async def _get(self, path: str) -> bytes:
        def get() -> bytes:
            with urlopen(self._url + path, timeout=10) as answer:  # noqa: S310 -- it begins with http:
                body: bytes = answer.read()
                return body

        return await asyncio.to_thread(get)


@asynccontextmanager
async def prometheus_at(folder: Path, scraped: Sequence[int], rules: Path) -> AsyncIterator[Prometheus]:
    """One that scrapes these ports and evaluates these rules, each once a second, for as long as the block lasts."""
    port = ports.choose()
    options = (f"--storage.tsdb.path={folder}/data", f"--web.listen-address=127.0.0.1:{port}")
    command = [program("prometheus"), f"--config.file={_configured(folder, scraped, rules)}", *options]
    running = children.spawn(command, cwd=folder, log=folder / "log", env=dict(os.environ))
    try:
        prometheus = Prometheus(port)
        await until(prometheus.is_ready)
        yield prometheus
    finally:
        running.terminate()
        await asyncio.to_thread(running.wait)


def _configured(folder: Path, scraped: Sequence[int], rules: Path) -> Path:
    targets = [f"127.0.0.1:{one}" for one in scraped]
    configuration = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "scrape_configs": [{"job_name": "saga", "static_configs": [{"targets": targets}]}],
        "rule_files": [str(rules)],
    }
    folder.mkdir()
    file = folder / "prometheus.yml"
    file.write_text(json.dumps(configuration))
    return file
