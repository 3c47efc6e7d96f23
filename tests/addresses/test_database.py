"""PostgreSQL's address as libpq's users write it, as managed servers hand it out, and as it is written wrongly."""

from pathlib import Path

import pytest

from saga.addresses import AddressError, DatabaseAddress

OURS = "postgresql://ann:pw@db.example"


@pytest.fixture(autouse=True)
def nothing_else_configures(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("PGSSLMODE", "PGSSLROOTCERT", "PGUSER", "PGTARGETSESSIONATTRS", "PGCONNECT_TIMEOUT"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        (f"{OURS}/saga", "db.example:5432/saga"),
        (f"  {OURS}:5433/saga\n", "db.example:5433/saga"),
        ("postgres://ann:pw@db/saga", "db:5432/saga"),
        ("postgresql+asyncpg://ann:pw@db/saga", "db:5432/saga"),
        ("postgresql://ann:pw@one:5433,two/saga", "one:5433,two:5432/saga"),
        ("postgresql://ann:pw@one,two/saga?port=5433", "one:5433,two:5433/saga"),
        ("postgresql://ann:pw@one,two/saga?port=1,2", "one:1,two:2/saga"),
        ("postgresql://ann:pw@/saga?host=one:1&host=two:2", "one:1,two:2/saga"),
        ("postgresql://ann:pw@/saga?host=one,two", "one:5432,two:5432/saga"),
        ("postgresql://ann:pw@/saga?host=::1&port=5433", "[::1]:5433/saga"),
        ("postgresql://ann:pw@[2001:db8::1]:5433/saga", "[2001:db8::1]:5433/saga"),
        ("postgresql://ann@%2Fvar%2Frun%2Fpostgresql/saga", "/var/run/postgresql/saga"),
        ("postgresql://ann@/saga?host=/var/run/postgresql&port=5433", "/var/run/postgresql/saga"),
        ("postgresql://db/?dbname=saga&user=ann&password=pw", "db:5432/saga"),
        (f"{OURS}/saga%20two", "db.example:5432/saga two"),
        (f"{OURS}/saga?sslmode=require&channel_binding=require", "db.example:5432/saga"),
        (f"{OURS}/saga?options=endpoint%3Dep-cool-rain-123456&sslmode=require", "db.example:5432/saga"),
        (f"{OURS}/saga?gssencmode=disable&keepalives_idle=30&application_name=mine", "db.example:5432/saga"),
        (f"{OURS}/saga?target_session_attrs=read-write&connect_timeout=10&load_balance_hosts=random", None),
        (f"{OURS}/saga?sslmode=verify-full&sslrootcert=system", "db.example:5432/saga"),
    ],
)
def test_what_users_of_postgresql_write_is_understood(address: str, shown: str | None) -> None:
    assert str(DatabaseAddress.parse(address)) == (shown or "db.example:5432/saga")


def test_escapes_are_decoded_and_parameters_kept() -> None:
    parsed = DatabaseAddress.parse(
        "postgresql://ann%40corp:p%23%2F%3F%40%25%3A%2C@db/saga"
        "?target_session_attrs=prefer-standby&connect_timeout=7&options=-c%20work_mem%3D5MB"
    )
    assert (parsed.user, parsed.password) == ("ann@corp", "p#/?@%:,")
    assert (parsed.targets, parsed.timeout_seconds, parsed.options) == (("standby", "any"), 7, "-c work_mem=5MB")
    assert "p#" not in repr(parsed)


@pytest.mark.parametrize(
    ("query", "mode", "verify", "check_host"),
    [
        ("", "prefer", False, False),
        ("sslmode=disable", "disable", False, False),
        ("sslmode=allow", "allow", False, False),
        ("sslmode=require", "require", False, False),
        ("ssl=require", "require", False, False),
        ("ssl=true", "require", False, False),
        ("sslmode=require&sslrootcert={ca}", "require", True, False),
        ("sslmode=verify-ca&sslrootcert={ca}", "verify-ca", True, False),
        ("sslmode=verify-full&sslrootcert={ca}", "verify-full", True, True),
        ("sslmode=verify-full&sslrootcert=system", "verify-full", True, True),
    ],
)
def test_sslmode_means_what_libpq_means(query: str, mode: str, verify: bool, check_host: bool, ca: Path) -> None:
    parsed = DatabaseAddress.parse(f"{OURS}/saga?{query.format(ca=ca)}")
    assert (parsed.mode, parsed.certificates.verify) == (mode, verify)
    assert parsed.certificates.check_host is check_host


def test_libpqs_variables_and_its_folder_count_where_the_address_says_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ca: Path
) -> None:
    monkeypatch.setenv("PGSSLMODE", "verify-full")
    with pytest.raises(AddressError, match="no sslrootcert"):
        DatabaseAddress.parse(f"{OURS}/saga")
    (tmp_path / ".postgresql").mkdir()
    (tmp_path / ".postgresql/root.crt").write_bytes(ca.read_bytes())
    assert DatabaseAddress.parse(f"{OURS}/saga").certificates.authorities == str(tmp_path / ".postgresql/root.crt")
    monkeypatch.setenv("PGSSLROOTCERT", str(ca))
    assert DatabaseAddress.parse(f"{OURS}/saga").certificates.authorities == str(ca)


@pytest.mark.parametrize(
    ("address", "complaint"),
    [
        ("nonsense", "does not begin with postgresql://"),
        ("http://ann:pw@db/saga", "does not begin with postgresql://"),
        ("jdbc:postgresql://db/saga", "does not begin with postgresql://"),
        ("host=db dbname=saga user=ann", "holds a space"),
        (f'"{OURS}/saga"', "has quotes around it"),
        (f"'{OURS}/saga", "has quotes around it"),
        ("postgresql://ann:p#w@db/saga", "holds a #"),
        ("postgresql://ann:p?w@db/saga", "holds an @, / or ?"),
        ("postgresql://ann:p/w@db/saga", "holds an @, / or ?"),
        ("postgresql://ann:p@w@db/saga", "holds an @, / or ?"),
        ("postgresql://ann:p%w@db/saga", "holds a %"),
        ("postgresql://ann:p%ff@db/saga", "not UTF-8"),
        ("postgresql://ann:p%00@db/saga", "%00"),
        ("postgresql://ann:p w@db/saga", "holds a space"),
        ("postgresql://ann:p\nw@db/saga", "line break"),
        ("postgresql://ann:\udcff@db/saga", "not UTF-8"),
        ("postgresql://ann:pw@/saga", "names no host"),
        ("postgresql:///saga", "names no host"),
        ("postgresql://ann:pw@:5432/saga", "has a host that is none"),
        ("postgresql://ann:pw@a..b/saga", "has a host that is none"),
        ("postgresql://ann:pw@[::1/saga", "has a host that is none"),
        ("postgresql://ann:pw@one,,two/saga", "has a host that is none"),
        (f"{OURS}:x/saga", "has a port"),
        (f"{OURS}:0/saga", "has a port"),
        (f"{OURS}:65536/saga", "has a port"),
        (f"{OURS}:0000099999/saga", "has a port"),
        ("postgresql://ann:pw@one,two/saga?port=1,2,3", "another number of ports"),
        (OURS, "names no database"),
        (f"{OURS}/", "names no database"),
        (f"{OURS}/saga?colour=red", "unknown parameter colour"),
        (f"{OURS}/saga?hostaddr=10.0.0.1", "unknown parameter hostaddr"),
        (f"{OURS}/saga?sslmode", "name=value"),
        (f"{OURS}/saga?sslmode=", "has an empty sslmode"),
        (f"{OURS}/saga?ssl=", "has an empty ssl"),
        (f"{OURS}/saga?sslmode=require&sslrootcert=", "has an empty sslrootcert"),
        (f"{OURS}/saga?target_session_attrs=", "has an empty target_session_attrs"),
        (f"{OURS}/saga?connect_timeout=", "has an empty connect_timeout"),
        (f"{OURS}/saga?sslmode=on", "wrong sslmode: it may be disable, allow"),
        (f"{OURS}/saga?sslmode=disable&sslmode=require", "says sslmode twice"),
        (f"{OURS}/saga?sslmode=disable&ssl=require", "says sslmode and ssl"),
        (f"{OURS}/saga?sslmode=verify-full", "no sslrootcert"),
        (f"{OURS}/saga?sslmode=require&sslrootcert=system", "needs sslmode=verify-full"),
        (f"{OURS}/saga?sslmode=require&sslkey=/nowhere/key", "names a key and no certificate"),
        (f"{OURS}/saga?sslnegotiation=direct", "needs sslmode=require"),
        (f"{OURS}/saga?target_session_attrs=master", "wrong target_session_attrs"),
        (f"{OURS}/saga?connect_timeout=0", "wrong connect_timeout"),
        (f"{OURS}/saga?connect_timeout=soon", "wrong connect_timeout"),
        (f"{OURS}/saga?gssencmode=require", "gssencmode"),
        (f"{OURS}/saga?client_encoding=LATIN1", "client_encoding"),
    ],
)
def test_what_can_not_be_is_refused_with_the_remedy(address: str, complaint: str) -> None:
    with pytest.raises(AddressError, match=complaint) as refused:
        DatabaseAddress.check(address)
    assert "pw" not in str(refused.value)


@pytest.mark.parametrize("parameter", ["sslrootcert", "sslcrl", "sslcert"])
@pytest.mark.parametrize("kind", ["missing", "folder", "text"])
def test_a_file_that_can_not_be_used_is_named(parameter: str, kind: str, tmp_path: Path, ca: Path) -> None:
    file = {"missing": tmp_path / "missing.pem", "folder": tmp_path, "text": tmp_path / "text.pem"}[kind]
    (tmp_path / "text.pem").write_text("no certificate")
    others = "" if parameter == "sslrootcert" else f"&sslrootcert={ca}"
    with pytest.raises(AddressError, match=str(file)):
        DatabaseAddress.check(f"{OURS}/saga?sslmode=verify-full&{parameter}={file}{others}")
