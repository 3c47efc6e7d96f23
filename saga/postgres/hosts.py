"""Opens one connection: tries the hosts of an address in turn, each with its own time limit, as libpq does.

The driver could try them itself, but under one limit for all hosts, which a single host that does not answer uses up.
"""

import asyncio
import random
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import asyncpg
from asyncpg.exceptions import CannotConnectNowError, TargetServerAttributeNotMatched

from saga.addresses import AddressError, DatabaseAddress

CONNECT_TIMEOUT_SECONDS = 5.0
"""For all hosts of an address together, but at least LEAST_TIMEOUT_SECONDS for each."""
LEAST_TIMEOUT_SECONDS = 2.0


async def open_connection(address: DatabaseAddress, **options: Any) -> asyncpg.Connection:
    """A connection to the first host that accepts it and has the role that the address asks for.

    Raises OSError if no host can be used. A server's refusal is raised unchanged: other hosts would refuse as well.
    """
    hosts = list(address.hosts)
    if address.shuffled:
        random.shuffle(hosts)
    share = max(CONNECT_TIMEOUT_SECONDS / len(hosts), LEAST_TIMEOUT_SECONDS)
    failed: Exception = ConnectionError("there is no host")
    for target in address.targets:
        for host, port in hosts:
            try:
                return await asyncpg.connect(
                    host=host,
                    port=port,
                    user=address.user,
                    password=address.password,
                    database=address.database,
                    passfile=address.passfile,
                    target_session_attrs=target,
                    timeout=address.timeout_seconds or share,
                    **await _transport(address),
                    **options,
                )
            except TargetServerAttributeNotMatched:
                failed = ConnectionError(f"none of the hosts that answer is {target}")
            except (OSError, CannotConnectNowError) as error:
                failed = error
    raise failed


async def _transport(address: DatabaseAddress) -> Mapping[str, Any]:
    """The TLS arguments for an address; where TLS is optional, the driver itself falls back from it or to it."""
    if address.mode == "disable":
        return {"ssl": "disable"}
    files = address.certificates
    if not address.requires_tls:
        options = {"sslcert": files.certificate, "sslkey": files.key, "sslpassword": files.key_password}
        query = urlencode({"sslmode": address.mode} | {name: value for name, value in options.items() if value})
        return {"dsn": f"postgresql:///?{query}"}
    try:
        context = await asyncio.to_thread(files.context)
    except AddressError as error:
        raise ConnectionError(f"the address {error}") from None
    context.set_alpn_protocols(["postgresql"])
    return {"ssl": context, "direct_tls": address.direct_tls}
