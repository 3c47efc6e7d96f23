"""What stands in the documents as made by a command is what the command makes."""

from pathlib import Path

from typer.testing import CliRunner

from examples.print_gallery import page
from saga.cli import app

DOCS = Path(__file__).parents[2] / "docs"


def test_the_picture_of_the_order_process_is_the_one_that_is_drawn() -> None:
    drawn = CliRunner().invoke(app, ["diagram", "--format", "svg"]).stdout
    assert (DOCS / "order-process.svg").read_text(encoding="utf-8") == drawn


def test_the_gallery_is_the_one_that_is_printed() -> None:
    assert (DOCS / "gallery.md").read_text(encoding="utf-8") == page()
