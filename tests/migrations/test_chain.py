"""Migrations are one chain, named by their numbers, and none says what a transaction refuses."""

import re

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from tests.migrations.history import FOLDERS, revisions


@pytest.mark.parametrize("schema", FOLDERS)
def test_each_follows_the_one_with_the_number_before(schema: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(FOLDERS[schema]))
    found = sorted((one.revision, one.down_revision) for one in ScriptDirectory.from_config(config).walk_revisions())
    names = revisions(schema)
    assert found == list(zip(names, [None, *names], strict=False))
    assert [name for name in names if not re.fullmatch(r"\d{4}", name)] == []


@pytest.mark.parametrize("schema", FOLDERS)
def test_none_needs_to_run_outside_a_transaction(schema: str) -> None:
    refused = re.compile(r"\bCONCURRENTLY\b|\bVACUUM\b|autocommit_block|\bALTER SYSTEM\b|postgresql_concurrently")
    for file in (FOLDERS[schema] / "versions").glob("[0-9]*.py"):
        assert refused.findall(file.read_text()) == [], file.name
