"""Which RabbitMQ is found, and what is downloaded where there is none."""

from pathlib import Path

from saga.devstack.broker import find_broker, find_installed, find_unpacked
from saga.devstack.debian import needed, without_erlang

SIMULATION = """\
NOTE: This is only a simulation!
Inst erlang-base (1:25.2.3+dfsg-1+deb12u4 Debian:12.13/oldstable, Debian-Security:12/oldstable-security [amd64])
Inst libsctp1 [1.0.18] (1.0.19+dfsg-2 Debian:12.13/oldstable [amd64]) []
Conf erlang-base (1:25.2.3+dfsg-1+deb12u4 Debian:12.13/oldstable [amd64])
"""


def program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_a_wrapper_is_passed_over_for_the_real_script(tmp_path: Path) -> None:
    program(tmp_path / "usr/sbin/rabbitmq-server")
    real = program(tmp_path / "usr/lib/rabbitmq/lib/rabbitmq_server-4.0.5/sbin/rabbitmq-server")
    program(real.with_name("rabbitmq-env"))
    epmd = program(tmp_path / "usr/lib/erlang/erts-15.2/bin/epmd")
    broker = find_installed(tmp_path)
    assert broker is not None
    assert (broker.server, broker.epmd) == (real, epmd)


def test_a_broker_without_its_erlang_is_no_broker(tmp_path: Path) -> None:
    real = program(tmp_path / "usr/lib/rabbitmq/bin/rabbitmq-server")
    program(real.with_name("rabbitmq-env"))
    assert find_unpacked(tmp_path) is None


def test_an_unpacked_broker_runs_with_its_own_programs_and_libraries(tmp_path: Path) -> None:
    program(program(tmp_path / "usr/lib/rabbitmq/bin/rabbitmq-server").with_name("rabbitmq-env"))
    program(tmp_path / "usr/lib/erlang/erts-15.2/bin/epmd")
    library = program(tmp_path / "usr/lib/x86_64-linux-gnu/libsctp.so.1")
    broker = find_unpacked(tmp_path)
    assert broker is not None
    assert broker.environment["PATH"].startswith(f"{tmp_path}/usr/lib/erlang/bin:")
    assert broker.environment["LD_LIBRARY_PATH"] == str(library.parent)


def test_this_machine_has_a_broker_after_make_install() -> None:
    assert find_broker(Path(".saga/rabbitmq-server")) is not None


def test_what_apt_would_install_is_what_is_downloaded() -> None:
    assert needed(SIMULATION) == ["erlang-base=1:25.2.3+dfsg-1+deb12u4", "libsctp1=1.0.19+dfsg-2"]


def test_all_of_erlang_is_downloaded_whatever_is_installed() -> None:
    status = "Package: adduser\nStatus: ok\n\nPackage: erlang-base\nStatus: ok\n\nPackage: rabbitmq-server\n"
    assert without_erlang(status) == "Package: adduser\nStatus: ok"
