"""An authority that both sides know, and one that only the wrong side knows."""

from pathlib import Path

import pytest

from tests.addresses.authority import Authority


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Who signs the servers' certificates."""
    return Authority(tmp_path_factory.mktemp("tls") / "authority")


@pytest.fixture(scope="session")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Another one."""
    return Authority(tmp_path_factory.mktemp("tls") / "stranger")


@pytest.fixture(scope="session")
def ca(authority: Authority) -> Path:
    """The certificate of who signs the servers' certificates."""
    return authority.root


@pytest.fixture(scope="session")
def roots(authority: Authority, stranger: Authority) -> dict[str, Path]:
    """Both of their certificates."""
    return {"ca": authority.root, "stranger": stranger.root}
