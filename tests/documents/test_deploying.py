"""An image of one's own, as far as it can be tried without building it."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from tests.documents.pages import ROOT, blocks

DOCKERFILE = next(text for _, text in blocks("docs/deploying.md", "dockerfile"))


def test_the_process_goes_where_the_services_work() -> None:
    (folder,) = re.findall(r"^WORKDIR (\S+)$", (ROOT / "Dockerfile").read_text().rpartition("FROM ")[2], re.MULTILINE)
    assert f"COPY my_shop {folder}/my_shop" in DOCKERFILE


def test_the_check_of_the_build_finds_the_process_there(tmp_path: Path) -> None:
    """The process of the page on declaring, in the image's kind of environment."""
    (tmp_path / "my_shop").mkdir()
    declared = "\n".join(text for _, text in blocks("docs/declaring.md", "python"))
    (tmp_path / "my_shop" / "processes.py").write_text(declared)
    (command,) = re.findall(r"^RUN (\[.*\])$", DOCKERFILE, re.MULTILINE)
    done = subprocess.run(
        [sys.executable, *json.loads(command)[1:]],
        cwd=tmp_path,
        env=os.environ | {"PYTHONSAFEPATH": "1", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "returns-desk, version 1" in done.stdout
    assert "converges, " in done.stdout
