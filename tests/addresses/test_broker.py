"""RabbitMQ's address: nodes, vhosts, TLS, and what is written wrongly."""

from pathlib import Path

import pytest

from saga.addresses import AddressError, BrokerAddress

OURS = "amqp://ann:pw@mq.example"


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        (OURS, "mq.example:5672/"),
        (f"{OURS}/", "mq.example:5672/"),
        (f"{OURS}/%2F", "mq.example:5672/"),
        (f"{OURS}//", "mq.example:5672/"),
        (f"{OURS}:5673/saga\n", "mq.example:5673/saga"),
        (f"{OURS}/%2Fsaga", "mq.example:5672/%2Fsaga"),
        ("amqps://ann:pw@mq.example/saga", "mq.example:5671/saga"),
        ("amqp://[::1]:5673/saga", "[::1]:5673/saga"),
        ("amqp://ann:pw@one:5672,two:5673,three/saga", "one:5672,two:5673,three:5672/saga"),
        ("amqp://ann:pw@one/saga,amqp://bob:pw@two:5673/saga", "one:5672,two:5673/saga"),
        ("amqp://ann:pw@one/saga , amqps://ann:pw@two/saga", "one:5672,two:5671/saga"),
        (f"{OURS}/saga?heartbeat=20&connection_timeout=1500&channel_max=10&name=mine", "mq.example:5672/saga"),
    ],
)
def test_what_users_of_rabbitmq_write_is_understood(address: str, shown: str) -> None:
    assert str(BrokerAddress.parse(address)) == shown


def test_logins_and_parameters_are_kept() -> None:
    (endpoint,) = BrokerAddress.parse(
        "amqps://ann:p%40%2F@mq/saga?heartbeat=20&connection_timeout=1500&auth_mechanism=EXTERNAL"
        "&server_name_indication=other.example&verify=verify_none"
    ).endpoints
    assert (endpoint.user, endpoint.password, endpoint.mechanism) == ("ann", "p@/", "external")
    assert (endpoint.heartbeat_seconds, endpoint.timeout_seconds) == (20, 1.5)
    assert endpoint.server_name == "other.example"
    assert endpoint.certificates is not None and not endpoint.certificates.verify
    assert "p@/" not in repr(endpoint)


def test_tls_verifies_unless_it_is_told_not_to(ca: Path) -> None:
    known = (f"?cafile={ca}", f"?cacertfile={ca}", f"?capath={ca.parent}")
    for query, verify in (("", True), *((one, True) for one in known), ("?no_verify_ssl=1", False)):
        (endpoint,) = BrokerAddress.parse(f"amqps://mq/{query}").endpoints
        assert endpoint.certificates is not None
        assert (endpoint.certificates.verify, endpoint.certificates.check_host) == (verify, True)


def test_without_a_login_it_is_the_guest() -> None:
    (endpoint,) = BrokerAddress.parse("amqp://mq").endpoints
    assert (endpoint.user, endpoint.password) == ("guest", "guest")


@pytest.mark.parametrize(
    ("address", "complaint"),
    [
        ("http://ann:pw@mq", "does not begin with amqp://"),
        ("mq.example", "does not begin with amqp://"),
        (f"'{OURS}'", "has quotes around it"),
        ("amqp://ann:p#w@mq", "holds a #"),
        ("amqp://ann:p/w@mq", "holds an @, / or ?"),
        ("amqp://ann:p?w@mq", "holds an @, / or ?"),
        ("amqp://ann:p@w@mq", "holds an @, / or ?"),
        ("amqp://ann:p%w@mq", "holds a %"),
        ("amqp://", "names no host"),
        ("amqp://ann:pw@/saga", "names no host"),
        (f"{OURS}:99999", "has a port"),
        (f"{OURS}:port", "has a port"),
        ("amqp://ann:pw@one/saga,amqp://ann:pw@two/other", "several vhosts"),
        (f"{OURS}?colour=red", "unknown parameter colour"),
        (f"{OURS}?cafile=/etc/ca.pem", "write amqps://"),
        (f"{OURS}?verify=verify_none", "write amqps://"),
        ("amqps://mq?verify=maybe", "wrong verify"),
        ("amqps://mq?cafile=/nowhere/ca.pem", "/nowhere/ca.pem"),
        ("amqps://mq?capath=/nowhere", "/nowhere"),
        ("amqps://mq?certfile=/nowhere/cert.pem", "/nowhere/cert.pem"),
        ("amqps://mq?server_name_indication=a..b", "has a host that is none"),
        (f"{OURS}?heartbeat=0", "wrong heartbeat"),
        (f"{OURS}?connection_timeout=soon", "wrong connection_timeout"),
        (f"{OURS}?auth_mechanism=amqplain", "wrong auth_mechanism"),
    ],
)
def test_what_can_not_be_is_refused_with_the_remedy(address: str, complaint: str) -> None:
    with pytest.raises(AddressError, match=complaint) as refused:
        BrokerAddress.check(address)
    assert "pw" not in str(refused.value)
