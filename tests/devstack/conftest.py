import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def shared_home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that every user can work in, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="saga-test-"))
    folder.chmod(0o777)
    if (unpacked := Path(".saga/rabbitmq-server").absolute()).exists():
        (folder / unpacked.name).symlink_to(unpacked)
    monkeypatch.setenv("SAGA_HOME", str(folder))
    for name in ("SAGA_DATABASE_URL", "SAGA_AMQP_URL", "SAGA_MANAGEMENT_URL", "SAGA_FEED"):
        monkeypatch.delenv(name, raising=False)
    yield folder
    shutil.rmtree(folder)
