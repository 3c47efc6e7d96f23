"""Loads SQL statements from files: one statement in each, named after what it does."""

from importlib.resources import files

from sqlalchemy import TextClause, text


class Statements:
    """The statements of one package's ``sql`` folder."""

    def __init__(self, package: str) -> None:
        self._folder = files(package) / "sql"

    def __getitem__(self, name: str) -> TextClause:
        return text((self._folder / f"{name}.sql").read_text(encoding="utf-8"))
