# One image for every service: the command says which one it is ("saga run", "saga_scheduler", "saga_gateway_stub").
# Nothing in it runs as root, and nothing in it can install anything into what runs.

FROM python:3.13-slim-trixie AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1
WORKDIR /build

# Dependencies change less often than code, so they are a layer of their own. --only-binary: no compiler runs here, and
# no code of a dependency's set-up either. The build tools have an environment of their own: what the base image itself
# has installed is left alone.
COPY requirements/runtime.txt requirements/build.txt requirements/
RUN python -m venv --without-pip /opt/saga \
    && pip --python /opt/saga/bin/python install --require-hashes --only-binary :all: -r requirements/runtime.txt \
    && python -m venv --without-pip /build-tools \
    && pip --python /build-tools/bin/python install --require-hashes --only-binary :all: -r requirements/build.txt

COPY pyproject.toml README.md LICENSE ./
COPY saga saga
COPY scheduler scheduler
COPY gateway_stub gateway_stub
RUN pip --python /build-tools/bin/python wheel --no-deps --no-build-isolation --wheel-dir dist . \
    && pip --python /opt/saga/bin/python install --no-deps --no-index dist/*.whl


FROM python:3.13-slim-trixie

# A number, so that an orchestrator can see that it isn't root without reading the image's /etc/passwd.
RUN groupadd --gid 10001 saga \
    && useradd --uid 10001 --gid saga --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin saga

COPY --from=build /opt/saga /opt/saga

# The byte code was written when the packages were installed; the file system may be read-only.
ENV PATH=/opt/saga/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONSAFEPATH=1 \
    PYTHONUNBUFFERED=1 \
    SAGA_METRICS_LISTEN=127.0.0.1:9464
WORKDIR /opt/saga
USER 10001:10001

# The services handle SIGTERM themselves, as process 1 too, and start no children: no init is needed between. Until they
# can, the signal waits: process 1 would lose it.
STOPSIGNAL SIGTERM
# The loops of the service go round. A shell asks, so that no Python is started every few seconds.
HEALTHCHECK --interval=15s --timeout=10s --start-period=30s --retries=3 CMD ["bash", "-c", \
    "exec 3<>/dev/tcp/127.0.0.1/9464; printf 'GET /healthz HTTP/1.0\\r\\n\\r\\n' >&3; head -n 1 <&3 | grep -q ' 200 '"]
ENTRYPOINT ["env", "--block-signal=TERM,INT,HUP", "python", "-m"]
CMD ["saga", "run"]
