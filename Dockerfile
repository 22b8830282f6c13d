# Newsward as a container: `docker build -t newsward .`, or podman or buildah, with `--format docker` so that HEALTHCHECK
# is kept. How to use it: docs/how-to/run-in-a-container.md; files for compose and Kubernetes: docs/deploy/.
#
# /config holds newsward.toml, which must say where the database lies: [store] database = "/data/newsward.db".
# /data is written by user 10001: the database, its write-ahead log and the run lock. Nothing else is written.
ARG BASE=python:3.13-slim

# The libraries come first: a change of our code alone asks no package index for anything.
FROM ${BASE} AS libraries
WORKDIR /src
RUN python3 -m venv /opt/build \
    && /opt/build/bin/pip install --no-cache-dir --disable-pip-version-check hatchling \
    && python3 -m venv --without-pip /opt/newsward
COPY pyproject.toml constraints.txt ./
# sqlite-utils wants pip for its `install` command only. Compiled without time stamps: nothing is looked up at start.
RUN python3 -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["dependencies"], sep="\n")' \
        > libraries.txt \
    && /opt/build/bin/pip --python /opt/newsward install --no-cache-dir --disable-pip-version-check --no-compile \
        --constraint constraints.txt --requirement libraries.txt \
    && /opt/build/bin/pip --python /opt/newsward uninstall --yes pip \
    && python3 -m compileall -q --invalidation-mode unchecked-hash /opt/newsward

FROM libraries AS code
COPY README.md LICENSE ./
COPY seeds ./seeds
COPY pipeline ./pipeline
RUN /opt/build/bin/pip wheel --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir /wheel . \
    && /opt/build/bin/pip --python /opt/newsward install --no-cache-dir --disable-pip-version-check --no-compile \
        --no-deps --no-index --no-warn-script-location --root /made /wheel/*.whl \
    && python3 -m compileall -q -s /made --invalidation-mode unchecked-hash /made

FROM ${BASE}
LABEL org.opencontainers.image.title="Newsward" \
      org.opencontainers.image.description="Watches news feeds for the companies you track; one story, one alert." \
      org.opencontainers.image.licenses="MIT AND Apache-2.0 AND CC-BY-3.0 AND CC-BY-4.0 AND CC-BY-SA-4.0 AND CC0-1.0 AND NAIST-2003 AND LicenseRef-Lebedev AND LicenseRef-SCOWL"
# A numeric user, so that Kubernetes' runAsNonRoot can tell that it is not root. The base may bring a pip of its own.
RUN groupadd --gid 10001 newsward \
    && useradd --uid 10001 --gid 10001 --home-dir /data --no-create-home --no-log-init --shell /usr/sbin/nologin newsward \
    && install -d -o 10001 -g 10001 /config /data \
    && rm -rf /usr/local/bin/pip* /usr/local/lib/python3.*/site-packages/pip /usr/local/lib/python3.*/site-packages/pip-*
COPY --from=libraries /opt/newsward /opt/newsward
COPY --from=code /made/opt/newsward /opt/newsward
ENV PATH=/opt/newsward/bin:$PATH
# Official images carry the standard library without its bytecode, and a read-only root could never keep any.
RUN newsward --version
ENV HOME=/data \
    NEWSWARD_CONFIG=/config \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    TMPDIR=/data
USER 10001:10001
WORKDIR /data
VOLUME ["/config", "/data"]
STOPSIGNAL SIGTERM
# The first poll of many feeds takes its time. Docker reserves exit code 2, which is ours for a bad configuration.
HEALTHCHECK --interval=2m --timeout=30s --start-period=5m CMD newsward health || exit 1
ENTRYPOINT ["newsward"]
CMD ["daemon"]
