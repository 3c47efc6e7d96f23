"""A vhost whose users and rights are as the shipped definitions say; a password for each is made up here."""

import asyncio
import json
import secrets
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from tests.rabbitmq.clients import call_management
from tests.rabbitmq.place import Place

SCRIPT = Path(__file__).parents[2] / "deploy/rabbitmq/definitions.py"


@dataclass(frozen=True)
class Guarded:
    """The same place in a vhost of its own, as an administrator sees it, and as each service does."""

    place: Place
    passwords: dict[str, str]

    def seen_by(self, service: str) -> Place:
        return replace(self.place, amqp_url=self.url(service, self.passwords[service]))

    def url(self, service: str, password: str) -> str:
        address = urlsplit(self.place.amqp_url)
        login = f"{self.place.prefix}-{service}:{password}@{address.hostname}:{address.port}"
        return urlunsplit((address.scheme, login, address.path, "", ""))


async def written(*arguments: str) -> str:
    """What the shipped script writes."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(SCRIPT), *arguments, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    return output.decode()


@asynccontextmanager
async def guarded(place: Place, *arguments: str) -> AsyncIterator[Guarded]:
    """Import the definitions for the place's prefix, give each user a password, and remove everything at the end."""
    vhost = f"v{place.prefix}"
    definitions = json.loads(await written("--prefix", place.prefix, "--vhost", vhost, *arguments))
    address = urlsplit(place.amqp_url)
    inside = replace(place, amqp_url=urlunsplit((address.scheme, address.netloc, f"/{vhost}", "", "")))
    try:
        await call(place, "POST", "/api/definitions", definitions)
        everything = {"configure": ".*", "write": ".*", "read": ".*"}
        await call(place, "PUT", f"/api/permissions/{vhost}/{place.login[0]}", everything)
        passwords = {}
        for user in definitions["users"]:
            password = passwords[user["name"].removeprefix(f"{place.prefix}-")] = secrets.token_hex(12)
            await call(place, "PUT", f"/api/users/{user['name']}", {"password": password, "tags": user["tags"]})
        yield Guarded(inside, passwords)
    finally:
        for user in definitions["users"]:
            await call(place, "DELETE", f"/api/users/{user['name']}")
        await call(place, "DELETE", f"/api/vhosts/{vhost}")


async def call(place: Place, method: str, path: str, body: object = None) -> Any:
    return await asyncio.to_thread(call_management, place, method, path, body)
