"""The container files say what a deployment may rely on; nothing is started here."""

import asyncio
import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from structlog.testing import capture_logs

from saga.cli.project.writing import TEMPLATE
from saga.console.settings import ConsoleSettings
from saga.endpoint import listening
from saga.heartbeat import Loops
from saga.settings import Settings

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "docker-compose.yml"
VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?P<rest>[^}]*)\}")
SECRET = re.compile(r"PASS|SECRET|TOKEN|KEY|CREDENTIAL")
TAGGED = re.compile(r"[\w./-]+:[\w.-]*\d[\w.-]*")
PACKAGES = ("saga", "scheduler", "gateway_stub")
OURS = ("migrate", "worker", "scheduler", "gateway-stub", "console")
THEIRS = ("rabbitmq", "postgres")


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    parsed: dict[str, Any] = YAML(typ="safe").load(COMPOSE)["services"]
    return parsed


@pytest.fixture(scope="module")
def dockerfile() -> list[tuple[str, str]]:
    """Each instruction with its arguments, comments and line ends taken out."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    found = [line.split(maxsplit=1) for line in text.splitlines() if line.strip()]
    return [(instruction, " ".join(arguments.split())) for instruction, arguments in found]


def settings_shown() -> dict[str, str]:
    """Every variable of .env.example, also those that are commented out because they show a default."""
    lines = (ROOT / ".env.example").read_text().splitlines()
    found = [re.fullmatch(r"(?:# )?([A-Z][A-Z0-9_]*)=(\S*)", line) for line in lines]
    return {variable[1]: variable[2] for variable in found if variable}


def without_comments(path: Path) -> str:
    return re.sub(r"^\s*#.*$", "", path.read_text(), flags=re.MULTILINE)


def test_the_compose_file_is_valid() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(COMPOSE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_compose_file_has_every_service(services: dict[str, Any]) -> None:
    assert sorted(services) == sorted(OURS + THEIRS)
    assert services["scheduler"]["deploy"]["replicas"] == 2


def test_every_secret_has_to_be_set() -> None:
    secrets = [found for found in VARIABLE.finditer(without_comments(COMPOSE)) if SECRET.search(found["name"])]
    assert {found["name"] for found in secrets} == {"POSTGRES_PASSWORD", "RABBITMQ_PASSWORD"}
    assert [found[0] for found in secrets if not found["rest"].startswith(":?")] == []


def test_no_secret_is_written_down(services: dict[str, Any]) -> None:
    for name, service in services.items():
        for variable, value in service["environment"].items():
            password = re.search(r"://[^:/]*:(.*)@", str(value))
            if value is not None and (password or SECRET.search(variable)):
                written = password[1] if password else value
                assert VARIABLE.fullmatch(written), f"{name}: {variable}"


def test_the_example_gives_no_secret_a_value() -> None:
    assert {name: value for name, value in settings_shown().items() if SECRET.search(name)} == {
        "POSTGRES_PASSWORD": "",
        "RABBITMQ_PASSWORD": "",
        "SAGA_CONSOLE_TOKEN": "",
        "SAGA_CONSOLE_OPERATOR_TOKEN": "",
    }


def test_compose_reads_what_the_example_shows_and_nothing_else(services: dict[str, Any]) -> None:
    read = {found["name"] for found in VARIABLE.finditer(without_comments(COMPOSE))}
    for service in services.values():
        read |= {variable for variable, value in service["environment"].items() if value is None}
    assert read | {"COMPOSE_PROFILES"} == settings_shown().keys()


def test_every_variable_of_ours_is_a_setting(services: dict[str, Any]) -> None:
    real = {f"SAGA_{name.upper()}" for name in Settings.model_fields}
    real |= {f"SAGA_CONSOLE_{name.upper()}" for name in ConsoleSettings.model_fields}
    named = {name for service in services.values() for name in service["environment"]} | settings_shown().keys()
    assert {name for name in named if name.startswith("SAGA_")} <= real


def test_the_example_shows_the_true_defaults() -> None:
    shown = {name: value for name, value in settings_shown().items() if name.startswith("SAGA_")}
    assert shown
    for name, value in shown.items():
        if name.startswith("SAGA_CONSOLE_"):
            assert value == ""
            continue
        field = name.removeprefix("SAGA_").lower()
        default = Settings.model_fields[field].default
        said = getattr(Settings.model_validate({field: value}), field)
        assert said == default if default is not None else said, name


def test_every_image_is_pinned_by_a_tag(services: dict[str, Any], dockerfile: list[tuple[str, str]]) -> None:
    images = [services[name]["image"] for name in THEIRS]
    images += [arguments.split()[0] for instruction, arguments in dockerfile if instruction == "FROM"]
    assert len(images) == 4
    assert [image for image in images if not TAGGED.fullmatch(image)] == []


def test_the_versions_are_those_that_are_promised(services: dict[str, Any]) -> None:
    assert re.match(r"rabbitmq:4[.-].*management", services["rabbitmq"]["image"])
    assert re.match(r"postgres:18\b", services["postgres"]["image"])


def test_ports_are_open_to_this_machine_only(services: dict[str, Any]) -> None:
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert ports
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


def test_the_image_of_our_services_is_built_once(services: dict[str, Any]) -> None:
    """Compose builds services at the same time, and two builds of one tag can fail."""
    assert {services[name]["image"] for name in OURS} == {"saga-service:dev"}
    assert [name for name in services if "build" in services[name]] == ["migrate"]


@pytest.mark.parametrize("name", OURS)
def test_our_services_have_no_more_rights_than_they_need(name: str, services: dict[str, Any]) -> None:
    service = services[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["deploy"]["resources"]["limits"]["memory"] == "256m"
    assert not {"privileged", "cap_add", "volumes", "user"} & service.keys()


@pytest.mark.parametrize("name", [name for name in OURS if name != "console"])
def test_our_services_can_be_had_several_times(name: str, services: dict[str, Any]) -> None:
    assert not {"container_name", "ports", "hostname"} & services[name].keys()


@pytest.mark.parametrize("name", OURS + THEIRS)
def test_every_service_is_watched_limited_and_stopped_in_time(name: str, services: dict[str, Any]) -> None:
    service = services[name]
    assert service["healthcheck"] == {"disable": True} if name == "migrate" else service["healthcheck"]["test"]
    assert service["restart"] == ("on-failure:3" if name == "migrate" else "unless-stopped")
    assert service["deploy"]["resources"]["limits"]["memory"]
    assert service["logging"]["options"].keys() >= {"max-size", "max-file"}
    assert service["stop_grace_period"] in {"30s", "60s"}


@pytest.mark.parametrize("name", OURS)
def test_our_services_start_when_what_they_need_is_ready(name: str, services: dict[str, Any]) -> None:
    waits_for = {needed: condition["condition"] for needed, condition in services[name]["depends_on"].items()}
    ready = {"postgres": "service_healthy"}
    if name != "migrate":
        ready |= {"rabbitmq": "service_healthy", "migrate": "service_completed_successfully"}
    assert waits_for == ready


def test_what_is_stored_is_stored_in_named_volumes(services: dict[str, Any]) -> None:
    named = YAML(typ="safe").load(COMPOSE)["volumes"].keys()
    # The image of PostgreSQL 18 keeps its data in a subfolder; the older images' path would be an anonymous volume.
    assert services["postgres"]["volumes"] == ["postgres:/var/lib/postgresql"]
    assert services["rabbitmq"]["volumes"] == ["rabbitmq:/var/lib/rabbitmq"]
    assert named == {"postgres", "rabbitmq"}


def test_the_broker_keeps_its_name(services: dict[str, Any]) -> None:
    assert services["rabbitmq"]["hostname"] == "rabbitmq"


def test_gateway_and_console_run_only_where_they_are_asked_for(services: dict[str, Any]) -> None:
    assert {name: services[name]["profiles"] for name in services if "profiles" in services[name]} == {
        "gateway-stub": ["demo"],
        "console": ["console"],
    }


@pytest.mark.parametrize("name", OURS)
def test_every_command_exists(name: str, services: dict[str, Any]) -> None:
    package, *arguments = services[name]["command"]
    assert importlib.util.find_spec(f"{package}.__main__"), f"python -m {package}"
    console = ["console", "--listen", "0.0.0.0:8090"]
    arguments_of = {"migrate": ["migrate"], "worker": ["run"], "console": console}
    assert arguments == arguments_of.get(name, [])


def test_the_image_runs_as_an_ordinary_user(dockerfile: list[tuple[str, str]]) -> None:
    last_stage = dockerfile[max(i for i, (instruction, _) in enumerate(dockerfile) if instruction == "FROM") :]
    users = [arguments for instruction, arguments in last_stage if instruction == "USER"]
    assert len(users) == 1
    # Numbers, so that an orchestrator can tell without the image's list of users.
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", users[0])


def test_the_image_starts_without_a_shell_and_is_watched(dockerfile: list[tuple[str, str]]) -> None:
    told = dict(dockerfile)
    assert told["ENTRYPOINT"] == '["env", "--block-signal=TERM,INT,HUP", "python", "-m"]'
    assert told["CMD"] == '["saga", "run"]'
    assert told["STOPSIGNAL"] == "SIGTERM"
    assert "python" not in told["HEALTHCHECK"]


def test_the_image_installs_only_what_is_locked(dockerfile: list[tuple[str, str]]) -> None:
    text = " && ".join(arguments for instruction, arguments in dockerfile if instruction == "RUN")
    installs = [command for command in text.split(" && ") if re.search(r"\bpip\b.* install ", command)]
    assert len(installs) == 3
    for command in installs:
        assert "--require-hashes" in command or "--no-index --no-deps" in command or "--no-deps --no-index" in command


def test_the_image_takes_what_exists_and_the_context_holds_nothing_else(dockerfile: list[tuple[str, str]]) -> None:
    copies = [arguments.split()[:-1] for instruction, arguments in dockerfile if instruction == "COPY"]
    taken = {source for sources in copies if not sources[0].startswith("--from") for source in sources}
    rules = (ROOT / ".dockerignore").read_text().split("\n")
    assert set(PACKAGES) <= taken
    assert {source for source in taken if not (ROOT / source).exists()} == set()
    assert "*" in rules
    assert {rule.strip("!/") for rule in rules if rule.startswith("!")} == taken


def test_what_tries_the_images_says_what_it_needs() -> None:
    environment = {**os.environ, "CONTAINERS": "no-such-program"}
    done = subprocess.run([ROOT / "deploy/try-images"], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "needs podman or docker" in done.stderr


@pytest.mark.parametrize("goes_round", [True, False])
async def test_the_health_check_asks_whether_the_loops_go_round_without_a_python(
    services: dict[str, Any],
    dockerfile: list[tuple[str, str]],
    monkeypatch: pytest.MonkeyPatch,
    *,
    goes_round: bool,
) -> None:
    said_there = dict(dockerfile)["HEALTHCHECK"].partition(" CMD ")[2]
    kind, *command = services["worker"]["healthcheck"]["test"]
    assert kind == "CMD"
    assert json.loads(said_there) == command
    project = YAML(typ="safe").load(TEMPLATE / "docker-compose.yml")["services"]
    assert all(project[name]["healthcheck"]["test"] == [kind, *command] for name in ("worker", "scheduler", "bank"))
    assert services["worker"]["environment"]["SAGA_METRICS_LISTEN"] == "127.0.0.1:9464"
    with capture_logs() as logs:
        async with listening(("127.0.0.1", 0), asyncio.Event()) as probes:
            loops = Loops()
            loops.begin("a loop")
            probes.watch(loops, [])
            if not goes_round:
                monkeypatch.setattr("saga.endpoint.probes.SILENT_SECONDS", 0.0)
            asking = command[-1].replace("9464", str(logs[0]["port"]))
            done = await asyncio.create_subprocess_exec(*command[:-1], asking)
            assert (await done.wait() == 0) is goes_round


async def test_a_health_check_of_a_service_that_is_gone_fails(services: dict[str, Any]) -> None:
    *command, asking = services["worker"]["healthcheck"]["test"][1:]
    done = await asyncio.create_subprocess_exec(*command, asking.replace("9464", "1"), stderr=subprocess.DEVNULL)
    assert await done.wait() != 0
