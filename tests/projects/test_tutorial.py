"""The tutorial, from top to bottom: each command is typed, and each piece of code is put where the page says.

The tests make the environment. Containers are not built or started: `saga check`, which the build runs, is run here.
"""

import json
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from tests.documents.pages import BLOCK, ROOT, Call, calls_of, prints
from tests.projects.environment import Done, Environment
from tests.waiting import LIMIT_SECONDS, block, eventually

PAGE = (ROOT / "docs/tutorial.md").read_text()
PREPARED = {
    "make -C saga install wheel",
    "python3 -m venv .venv",
    ". .venv/bin/activate",
    "pip install -r requirements-dev.txt",
    "pytest",
}
"""What has made the environment in which this test runs, and what another test runs in such a project."""
SERVICES = ("saga up", "python -m my_returns.bank", "python -m my_returns.support")
ADDRESSES = 'eval "$(saga env)"'
FAILS = ("saga check", "diverges: ")
"""The command that shall find something, and the beginning of what it finds."""
PLACES = (
    re.compile(r"In `(?P<file>[^`]+)`, add this (?P<how>above|below) `(?P<line>[^`]+)`:$"),
    re.compile(r"In `(?P<file>[^`]+)`, (?P<how>replace) `(?P<line>[^`]+)` with:$"),
    re.compile(r"In `(?P<file>[^`]+)`, add this (?P<how>at the end)(?P<line>):$"),
    re.compile(r"Make a (?P<how>new file), `(?P<file>[^`]+)`(?P<line>):$"),
)
TYPING_SECONDS = 2.0
"""Workers may take what comes faster in another order than the page shows."""


@pytest.mark.system
@pytest.mark.timeout(900)
def test_every_command_and_piece_of_code_of_the_tutorial(developer: Environment, wheel: Path, tmp_path: Path) -> None:
    (tmp_path / "saga/dist").mkdir(parents=True)
    (tmp_path / "saga/dist" / wheel.name).symlink_to(wheel)
    (tmp_path / "saga/.venv").symlink_to(developer.folder)
    before = 0
    with ExitStack() as stopped:
        typist = Typist(developer, tmp_path, stopped)
        for block in BLOCK.finditer(PAGE):
            language, text = block.groups()
            said = PAGE[before : block.start()]
            before = block.end()
            is_excerpt = said.endswith("-->\n")
            if language == "console":
                for call in calls_of(text):
                    typist.type(call)
            elif not is_excerpt:
                put(typist.folder, said, text)
        assert typist.seen == {"my-returns"}, "the page makes one project"
        assert "support" in (typist.folder / "docker-compose.yml").read_text()
        checks(typist)


def checks(typist: "Typist") -> None:
    """What the page leaves behind is right by the project's own rules."""
    for command in ("ruff check", "ruff format --check"):
        done = subprocess.run(
            [str(Path(ROOT, ".venv/bin", command.split()[0])), *command.split()[1:]],
            cwd=typist.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout


def put(folder: Path, said: str, text: str) -> None:
    """Put a piece of code where the sentence above it says."""
    sentence = " ".join(said.strip().rpartition("\n\n")[2].split())
    found = next((place for pattern in PLACES if (place := pattern.search(sentence))), None)
    assert found is not None, f"it is not said where this goes: {sentence}"
    file, line = folder / found["file"], found["line"]
    if found["how"] == "new file":
        assert not file.exists()
        file.write_text(text)
        return
    lines = file.read_text().splitlines(keepends=True)
    if found["how"] == "at the end":
        file.write_text("".join(lines) + "\n\n" + text)
        return
    (at,) = [number for number, one in enumerate(lines) if one.strip() == line]
    match found["how"]:
        case "above":
            lines[at:at] = ["\n", text, "\n"]
        case "below":
            lines[at + 1 : at + 1] = ["\n", text]
        case _:
            lines[at : at + 1] = [text]
    file.write_text("".join(lines))


@dataclass
class Typist:
    """Somebody who types what the page says, in as many shells as it takes."""

    environment: Environment
    folder: Path
    stopped: ExitStack
    addresses: dict[str, str] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    services: dict[str, ExitStack] = field(default_factory=dict)

    def type(self, call: Call) -> None:
        """Type it, and compare what it prints; what only looks is asked again until it shows what was sent before."""
        command = call.command
        if command in PREPARED:
            return
        if command.startswith("cd "):
            self.folder /= command.removeprefix("cd ")
            self.seen.add(self.folder.name)
        elif command == ADDRESSES:
            self.addresses = self._look_up()
        elif command in SERVICES:
            self._serve(command)
        else:
            self._compare(call)

    def _compare(self, call: Call) -> None:
        looks = "inspect" in call.command or "audit" in call.command
        done = eventually(partial(self._run, call), lambda done: prints(call, done.stdout) or not looks)
        assert prints(call, done.stdout), f"$ {call.command}\n{done.stdout}{done.stderr}"
        is_finding = call.command == FAILS[0] and FAILS[1] in call.printed
        assert done.returncode == int(is_finding), done.stdout + done.stderr
        if "publish" in call.command or "request" in call.command:
            block(TYPING_SECONDS)

    def _run(self, call: Call) -> Done:
        return self.environment.shell(call.command, self.folder, **self.addresses)

    def _serve(self, command: str) -> None:
        """Start it in a shell of its own; what runs already is stopped first, with those that came after it."""
        if command in self.services:
            for one in [*self.services][[*self.services].index(command) :][::-1]:
                self.services.pop(one).close()
        running = self.stopped.enter_context(ExitStack())
        running.enter_context(self._running(command))
        self.services[command] = running
        if command == SERVICES[0] and self.addresses:
            self.addresses = self._look_up()

    def _look_up(self) -> dict[str, str]:
        """What the shell evaluates, as JSON; that the two are the same is tested with the command."""
        found: dict[str, str] = json.loads(self.environment.shell("saga env --json", self.folder).stdout)
        return found

    @contextmanager
    def _running(self, command: str) -> Iterator[None]:
        is_up = command == SERVICES[0]
        with subprocess.Popen(
            ["bash", "-c", f"exec {command}"],
            cwd=self.folder,
            env=self.environment.variables(**({} if is_up else self.addresses)),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as service:
            try:
                if is_up:
                    assert service.stdout is not None
                    assert any("Ctrl-C stops everything" in said for said in service.stdout), "it did not start"
                yield
            finally:
                service.send_signal(signal.SIGINT)
                service.wait(LIMIT_SECONDS)


@pytest.mark.parametrize("sentence", ["In `a.py`, somewhere:", "See `a.py`:"])
def test_a_piece_of_code_without_a_place_is_found(sentence: str, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="not said where"):
        put(tmp_path, sentence, "x = 1\n")
