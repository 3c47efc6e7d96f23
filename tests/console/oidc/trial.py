"""OpenID Connect, tried: Apache as in deploy/apache/console.conf, an identity provider, the console, a real browser.

`deploy/try-oidc` installs what this needs and runs it; `make test` does not find it.
"""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.console.test_command import ready, started
from tests.harness import chromium
from tests.waiting import LIMIT_SECONDS, eventually

ROOT = Path(__file__).parents[3]
CLIENT = "saga-console"
MODULES = (
    *("mpm_event", "authn_core", "authz_core", "authz_user", "auth_openidc"),
    *("headers", "proxy", "proxy_http", "ssl", "socache_shmcb"),
)
SITE = """
ServerRoot "{folder}"
PidFile "{folder}/pid"
ErrorLog "{folder}/error.log"
ServerName localhost
Mutex file:{folder}
{modules}
{defines}
{user}
Listen 127.0.0.1:{port} https
SSLEngine on
SSLCertificateFile "{folder}/cert.pem"
SSLCertificateKeyFile "{folder}/key.pem"
Include "{root}/deploy/apache/console.conf"
"""


@dataclass(frozen=True)
class Site:
    """What was started."""

    url: str
    backend: str
    browser: Browser


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def running(*words: str, said: Path, **environment: str) -> Iterator[None]:
    """A process, which ends with this."""
    with said.open("wb") as output:
        child = subprocess.Popen(words, env=os.environ | environment, stdout=output, stderr=subprocess.STDOUT)
        try:
            yield
        finally:
            child.send_signal(signal.SIGTERM)
            child.wait(LIMIT_SECONDS)


def answers(url: str) -> bool:
    try:
        httpx.get(url, verify=False)  # noqa: S501 -- the certificate was made for this test
    except httpx.TransportError:
        return False
    return True


def configured(folder: Path, port: int, provider: int, backend: str, secret: str) -> str:
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"),
            *("-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")),
        ],
        check=True,
        capture_output=True,
    )
    values = {
        "CONSOLE_URL": f"https://localhost:{port}",
        "CONSOLE_BACKEND": backend.removeprefix("http://").rstrip("/"),
        "OIDC_ISSUER": f"http://127.0.0.1:{provider}",
        "OIDC_CLIENT": CLIENT,
        "OIDC_CLIENT_SECRET": secret,
        "OIDC_SESSION_SECRET": os.urandom(32).hex(),
        "OIDC_USER_CLAIM": "sub",
    }
    loaded = [f"LoadModule {one}_module {os.environ['APACHE_MODULES']}/mod_{one}.so" for one in MODULES]
    file = folder / "apache.conf"
    file.write_text(
        SITE.format(
            folder=folder,
            root=ROOT,
            user="User www-data\nGroup www-data" if os.geteuid() == 0 else "",
            port=port,
            modules="\n".join(loaded),
            defines="\n".join(f'Define {name} "{value}"' for name, value in values.items()),
        )
    )
    return str(file)


@pytest.fixture
def site(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("oidc")
    port, provider, secret = free_port(), free_port(), os.urandom(32).hex()
    url = f"https://localhost:{port}"
    with ExitStack() as owned:
        child = started(
            database_url,
            SAGA_CONSOLE_AUTHENTICATION="proxy",
            SAGA_CONSOLE_PROXIES="127.0.0.1",
            SAGA_CONSOLE_OPERATOR_GROUPS="saga-operators",
            SAGA_CONSOLE_OPERATOR_DATABASE_URL=database_url,
        )
        owned.callback(child.communicate)
        owned.callback(child.kill)
        backend = ready(child)
        settings = {"PORT": str(provider), "CLIENT_ID": CLIENT, "CLIENT_SECRET": secret, "CONSOLE_URL": url}
        script = os.environ["OIDC_PROVIDER"]
        owned.enter_context(running("node", script, said=folder / "provider.log", **settings))
        eventually(lambda: answers(f"http://127.0.0.1:{provider}/"))
        configuration = configured(folder, port, provider, backend, secret)
        owned.enter_context(running("apache2", "-f", configuration, "-DFOREGROUND", said=folder / "apache.log"))
        try:
            eventually(lambda: answers(url))
            found = chromium.find()
            assert found is not None, "Chromium is missing"
            play = owned.enter_context(sync_playwright())
            browser = play.chromium.launch(executable_path=found, args=["--no-sandbox"])
            owned.callback(browser.close)
            yield Site(url, backend, browser)
        finally:
            for log in ("provider.log", "apache.log", "error.log"):
                said = (folder / log).read_text() if (folder / log).exists() else "missing"
                sys.stdout.write(f"{log}: {said[-3_000:]}\n")


def opened(site: Site, **headers: str) -> Page:
    context = site.browser.new_context(ignore_https_errors=True, extra_http_headers=headers)
    context.set_default_timeout(LIMIT_SECONDS * 1_000)
    return context.new_page()


def sign_in(page: Page, site: Site, user: str) -> str:
    """Open the console, sign in at the provider, and give what the console says of who is there."""
    page.goto(f"{site.url}/stuck")
    assert page.url.startswith("http://127.0.0.1:"), page.url
    page.fill("input[name=login]", user)
    page.fill("input[name=password]", "any")
    page.click("button[type=submit]")
    page.click("button[type=submit]")  # the consent
    page.wait_for_url(f"{site.url}/stuck")
    return page.inner_text("footer")


def test_people_sign_in_at_the_provider_and_have_the_rights_of_their_groups(site: Site) -> None:
    viewer, operator = opened(site), opened(site)
    said = sign_in(viewer, site, "vera")
    assert "signed in as vera" in said and "read only" in said
    assert viewer.goto(f"{site.url}/erase").status == 403  # type: ignore[union-attr]
    said = sign_in(operator, site, "oscar")
    assert "signed in as oscar" in said and "operator" in said
    assert operator.goto(f"{site.url}/erase").status == 200  # type: ignore[union-attr]
    cookies = {one["name"]: one for one in operator.context.cookies(site.url)}
    assert (cookies["__Host-oidc"]["secure"], cookies["__Host-oidc"]["httpOnly"]) == (True, True)
    page = operator.goto(f"{site.url}/")
    assert page is not None and "content-security-policy" in page.headers
    answer = operator.evaluate("fetch('/erase', {method: 'POST', body: new URLSearchParams()}).then(one => one.text())")
    assert "This form is too old" in answer  # so it is one of this console's own pages, also behind Apache
    with operator.expect_response(f"{site.url}/events") as stream:
        operator.reload()
    assert stream.value.status == 200


def test_what_comes_from_outside_is_not_believed(site: Site) -> None:
    forged = {"X-Forwarded-User": "oscar", "X-Forwarded-Groups": "saga-operators", "X_Forwarded_User": "oscar"}
    with httpx.Client(verify=False, headers=forged, follow_redirects=False) as outside:  # noqa: S501
        assert outside.get(f"{site.url}/stuck").status_code == 401
        page = outside.get(f"{site.url}/stuck", headers={"Accept": "text/html"})
        assert page.status_code == 302 and page.headers["location"].startswith("http://127.0.0.1:")
        assert outside.post(f"{site.url}/operations", headers={"Origin": site.url}).status_code == 401
        bearer = {"Authorization": "Bearer a.b.c"}
        assert outside.get(f"{site.url}/stuck", headers=bearer).status_code == 401
        assert outside.get(f"{site.url}/stuck", headers={"Cookie": "__Host-oidc=x"}).status_code == 401
        away = outside.get(f"{site.url}/oidc/callback?logout=https%3A%2F%2Fevil.example%2F")
        assert "location" not in away.headers and "Invalid Request" in away.text, (away.status_code, away.text)
    for user in ("vera", "nora"):  # nora is in no group at all
        person = opened(site, **{"X-Forwarded-Groups": "saga-operators"})
        said = sign_in(person, site, user)
        assert f"signed in as {user}" in said and "read only" in said
        assert person.goto(f"{site.url}/erase").status == 403  # type: ignore[union-attr]


def test_who_signs_out_is_asked_again(site: Site) -> None:
    page = opened(site)
    sign_in(page, site, "oscar")
    kept = {one["name"]: one["value"] for one in page.context.cookies(site.url)}
    page.goto(f"{site.url}/oidc/callback?logout={quote(f'{site.url}/', safe='')}")
    page.click("button[value=yes]")
    page.goto(f"{site.url}/stuck")
    assert page.locator("input[name=login]").count() == 1
    with httpx.Client(verify=False, cookies=kept) as old:  # noqa: S501
        assert old.get(f"{site.url}/stuck").status_code == 401
