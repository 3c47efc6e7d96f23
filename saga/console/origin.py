"""Where a request comes from: by which name the console was called, and whether one of its own pages asked.

A page of another site can make a browser ask this console. It can't change the name that the browser called, nor what
the browser says about the page that asked.
"""

import re
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers

_HOST: Final = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::[0-9]{1,5})?")
"""A name or an address, and a port: nothing that one reader of an address would take for its path or its user."""
_SCHEMES: Final = ("http", "https")
_OTHER_SITES: Final = ("cross-site", "same-site")


def name_in(headers: Headers) -> str:
    """The name by which the console is called, without the port; empty for what is none, or for two."""
    lines = headers.getlist("host")
    found = _HOST.fullmatch(lines[0]) if len(lines) == 1 else None
    return (found[1] or found[2]).lower() if found else ""


def is_own_form(headers: Headers) -> bool:
    """Whether a form came from a page of this console, as the browser says."""
    if sites := headers.getlist("sec-fetch-site"):
        return sites == ["same-origin"]
    origins = headers.getlist("origin")
    try:
        origin = urlsplit(origins[0]) if len(origins) == 1 else None
    except ValueError:
        return False
    return origin is not None and origin.scheme in _SCHEMES and origin.netloc == headers.get("host") != ""


def is_load_of_another_site(headers: Headers) -> bool:
    """Whether a page of another site asks for something itself: a frame, an image, a stream. A link does not."""
    if headers.get("sec-fetch-site") not in _OTHER_SITES:
        return False
    return headers.get("sec-fetch-mode") != "navigate" or headers.get("sec-fetch-dest") != "document"
