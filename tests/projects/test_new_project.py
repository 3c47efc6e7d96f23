"""`saga new`: the project is right as it is made, under whatever name."""

import asyncio
import json
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner, Result

from saga.cli import app
from saga.cli.project.names import MOST_CHARACTERS, TAKEN
from saga.cli.project.writing import TEMPLATE, template_files
from saga.devstack import ports
from saga.testing import assert_converges
from tests.endpoint.asking import asked
from tests.projects.environment import ROOT, Environment
from tests.waiting import LIMIT_SECONDS

BIN = Path(sys.executable).parent
LONGEST = "a" * MOST_CHARACTERS


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the projects are made."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def any_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As much of a wheel as is looked at."""
    path = tmp_path_factory.mktemp("wheel") / "saga-1.2.3-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for name in ("saga/__main__.py", "saga/worker/__init__.py", "saga_scheduler/__main__.py"):
            wheel.writestr(name, "")
    return path


def new(*words: str) -> Result:
    return CliRunner().invoke(app, ["new", *words], env={"COLUMNS": "200"})


def made(name: str, wheel: Path) -> Path:
    result = new(name, "--wheel", str(wheel))
    assert result.exit_code == 0, result.stderr
    return Path(name).absolute()


def texts(project: Path) -> Iterator[tuple[Path, str]]:
    for path in project.rglob("*"):
        if path.is_file() and path.suffix != ".whl":
            yield path, path.read_text()


def run(*command: str, cwd: Path) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_project_has_every_file_under_its_own_names(any_wheel: Path) -> None:
    project = made("trip-desk", any_wheel)
    expected = {str(path).replace("my_returns", "trip_desk") for path in template_files()}
    found = {str(path.relative_to(project)) for path in project.rglob("*") if path.is_file()}
    assert found == expected | {"wheels/saga-1.2.3-py3-none-any.whl"}
    assert {"trip_desk/process.py", "Dockerfile", ".env.example", ".github/workflows/ci.yml"} <= found
    for path, text in texts(project):
        assert not re.search(r"my[-_]returns|0\.0\.0", text), path
    assert "./wheels/saga-1.2.3-py3-none-any.whl\n" in (project / "requirements.txt").read_text()
    assert 'name="trip-desk"' in (project / "trip_desk/process.py").read_text()


def test_the_template_is_a_project_as_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(TEMPLATE)
    from my_returns.process import process  # type: ignore[import-not-found]  # noqa: PLC0415

    assert_converges(process)


@pytest.mark.parametrize("name", ["x", "my-returns", LONGEST])
def test_the_code_is_in_its_own_format(name: str, any_wheel: Path) -> None:
    project = made(name, any_wheel)
    run(str(BIN / "ruff"), "check", cwd=project)
    run(str(BIN / "ruff"), "format", "--check", cwd=project)


def test_the_types_are_right(any_wheel: Path) -> None:
    """What is known of the packages that saga needs is kept for the next time."""
    project = made("trip-desk", any_wheel)
    run(str(BIN / "mypy"), f"--cache-dir={ROOT / '.mypy_cache/projects'}", cwd=project)


def test_only_the_public_paths_are_imported(any_wheel: Path) -> None:
    public = {"saga", "saga.modules", "saga.testing", "saga.collaborator", "saga.worker", "saga.operations"}
    project = made("trip-desk", any_wheel)
    imported = {
        name
        for path, text in texts(project)
        if path.suffix == ".py"
        for name in re.findall(r"^(?:from|import) (saga[\w.]*)", text, re.MULTILINE)
    }
    assert {"saga", "saga.modules", "saga.collaborator"} <= imported <= public


def test_the_container_and_ci_files_are_right(any_wheel: Path) -> None:
    project = made("trip-desk", any_wheel)
    check = (sys.executable, "-m", "check_jsonschema", "--builtin-schema")
    run(*check, "vendor.compose-spec", "docker-compose.yml", cwd=project)
    run(*check, "vendor.github-workflows", ".github/workflows/ci.yml", cwd=project)
    run(str(BIN / "hadolint"), "Dockerfile", cwd=project)


def test_the_collaborator_stops_when_it_is_asked_to_as_the_image_starts_it(
    plain: Environment, any_wheel: Path, tmp_path: Path
) -> None:
    """With the signals blocked, and with its address in a file; a server that is away is waited for, as probes say."""
    project = made("trip-desk", any_wheel)
    (tmp_path / "secret").write_text("postgresql://user:password@127.0.0.1:1/nowhere\n")
    port = ports.choose()
    (command,) = re.findall(r"^ENTRYPOINT (\[.*\])$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    with subprocess.Popen(
        [*json.loads(command), "trip_desk.bank"],
        cwd=project,
        env=plain.variables(
            SAGA_DATABASE_URL_FILE=str(tmp_path / "secret"), SAGA_METRICS_LISTEN=str(port), PYTHONUNBUFFERED="1"
        ),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as bank:
        try:
            assert bank.stdout is not None
            assert any("127.0.0.1:1/nowhere" in line for line in bank.stdout), "it waits for no server"
            assert [asyncio.run(asked(port, path))[0] for path in ("/healthz", "/readyz", "/metrics")] == [
                200,
                503,
                200,
            ]
            bank.terminate()
            bank.communicate(timeout=LIMIT_SECONDS)
            assert bank.returncode == 0
        finally:
            bank.kill()


def test_the_shop_refuses_a_wrong_amount_without_a_trace(plain: Environment, any_wheel: Path) -> None:
    project = made("trip-desk", any_wheel)
    asked = "import trip_desk.shop as shop; shop._requested(shop._arguments().parse_args())"
    done = plain.shell(f"python -c '{asked}' request r-1 --amount -5", project)
    assert (done.returncode, done.stdout) == (1, "")
    assert "greater than 0" in done.stderr
    assert "Traceback" not in done.stderr


def test_compose_builds_the_image_once_and_reads_what_the_example_shows(any_wheel: Path) -> None:
    project = made("trip-desk", any_wheel)
    text = (project / "docker-compose.yml").read_text()
    services = YAML(typ="safe").load(text)["services"]
    assert [name for name, service in services.items() if service.get("build")] == ["migrate"]
    assert len([name for name, service in services.items() if service["image"] == "trip-desk:dev"]) == 4
    read = set(re.findall(r"\$\{(\w+)", text)) | {
        name for service in services.values() for name, value in service["environment"].items() if value is None
    }
    assert read == set(re.findall(r"^(?:# )?([A-Z_]+)=", (project / ".env.example").read_text(), re.MULTILINE))


def test_the_image_finds_the_package_where_the_dockerfile_puts_it(plain: Environment, any_wheel: Path) -> None:
    """Tried where the project is, with what the image's environment says."""
    project = made("trip-desk", any_wheel)
    dockerfile = (project / "Dockerfile").read_text()
    (worked_in,) = re.findall(
        r"^WORKDIR (\S+)$", (ROOT / "Dockerfile").read_text().rpartition("FROM ")[2], re.MULTILINE
    )
    assert f"COPY trip_desk {worked_in}/trip_desk\n" in dockerfile
    variables = dict(re.findall(r"(\w+)=(\S+)", dockerfile))
    assert variables["PYTHONPATH"] == worked_in
    image = {**variables, "PYTHONPATH": str(project), "PYTHONSAFEPATH": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    (project / "pyproject.toml").unlink()  # it is not in the image
    (command,) = re.findall(r"^RUN (\[.*\])$", dockerfile, re.MULTILINE)
    checked = plain.shell(shlex.join(json.loads(command)), project, **image)
    assert (checked.returncode, "trip-desk, version 1" in checked.stdout) == (0, True), checked.stderr
    collaborator = plain.shell("python -m trip_desk.bank", project, **image)
    assert "SAGA_DATABASE_URL is not set" in collaborator.stderr


def test_ci_runs_what_the_readme_says(any_wheel: Path) -> None:
    project = made("trip-desk", any_wheel)
    said = (project / "README.md").read_text()
    commands = re.findall(r"run: (.*)$", (project / ".github/workflows/ci.yml").read_text(), re.MULTILINE)
    assert {"saga check", "pytest", "mypy"} <= set(commands)
    assert [one for one in commands if one.removeprefix("python -m ") not in said] == []


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("My Returns", "such as 'my-returns'"),
        ("returns!", "such as 'returns'"),
        ("7-days", "with a letter first"),
        ("-", "with a letter first"),
        ("", "with a letter first"),
        ("my--returns", "single hyphens"),
        ("../returns", "not a path"),
        ("büro", "small letters"),
        ("a" * (MOST_CHARACTERS + 1), "more than 40 characters"),
        ("class", "a keyword"),
        ("match", "a keyword"),
        ("json", "standard library"),
        ("saga", "saga's own"),
        ("saga-scheduler", "saga's own"),
        ("pydantic", "installed here"),
        *((name, "uses that name already") for name in sorted(TAKEN)),
    ],
)
def test_a_name_that_can_not_be_had_is_refused_in_a_sentence(name: str, reason: str, any_wheel: Path) -> None:
    result = new("--wheel", str(any_wheel), "--", name)
    assert (result.exit_code, result.stdout) == (2, "")
    (said,) = result.stderr.splitlines()
    assert reason in said
    assert not any(Path().iterdir())


def test_what_is_there_already_is_left_alone(any_wheel: Path) -> None:
    Path("mine").mkdir()
    Path("mine/notes").write_text("keep")
    Path("file").write_text("keep")
    for name, reason in (("mine", "is not empty"), ("file", "is no folder")):
        result = new(name, "--wheel", str(any_wheel))
        assert (result.exit_code, reason in result.stderr) == (2, True)
    assert Path("mine/notes").read_text() == Path("file").read_text() == "keep"
    Path("empty").mkdir()
    assert new("empty", "--wheel", str(any_wheel)).exit_code == 0


def test_a_wheel_that_is_none_of_saga_is_refused(any_wheel: Path) -> None:
    other = shutil.copy(any_wheel, "other-1.2.3-py3-none-any.whl")
    Path("saga-9-py3-none-any.whl").write_text("no archive")
    for wheel in (other, "saga-9-py3-none-any.whl"):
        result = new("trips", "--wheel", wheel)
        assert (result.exit_code, "is no wheel of saga" in result.stderr) == (2, True)
    result = new("trips", "--wheel", "missing.whl")
    assert (result.exit_code, "there is no such file" in result.stderr) == (2, True)
    assert not Path("trips").exists()


def test_in_a_clone_it_says_how_to_make_a_wheel() -> None:
    """The saga of these tests is installed from the clone itself."""
    result = new("trips")
    assert (result.exit_code, "`make wheel` in" in result.stderr) == (2, True)


def test_the_wheel_that_saga_was_installed_from_is_taken(plain: Environment, wheel: Path, folder: Path) -> None:
    done = plain.shell("saga new trips", folder)
    assert done.returncode == 0, done.stderr
    assert (folder / "trips/wheels" / wheel.name).read_bytes() == wheel.read_bytes()


@pytest.mark.system
def test_a_new_project_passes_its_own_checks_and_tests(developer: Environment, folder: Path) -> None:
    """In an environment with the wheel, outside of this checkout: nothing of it is imported."""
    assert developer.shell("saga new trip-desk", folder).returncode == 0
    project = folder / "trip-desk"
    where = developer.shell("python -c 'import saga; print(saga.__file__)'", project).stdout
    assert where.startswith(str(developer.folder))
    checked = developer.shell("saga check", project)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "trip-desk, version 1" in checked.stdout
    assert "converges, " in checked.stdout
    assert "trip-desk" in developer.shell("saga diagram --view outcomes --format svg", project).stdout
    tested = developer.shell("pytest -p no:cacheprovider", project)
    assert tested.returncode == 0, tested.stdout + tested.stderr
    assert "8 passed" in tested.stdout


@pytest.mark.system
def test_a_new_project_without_the_private_postgresql_passes_too(plain: Environment, folder: Path) -> None:
    """Its check needs nothing but saga."""
    assert plain.shell("saga new trip-desk", folder).returncode == 0
    assert plain.shell("saga check", folder / "trip-desk").returncode == 0
