# Newsward as a container: `docker build -t newsward .`, or buildah, with `--format docker` so that HEALTHCHECK is kept.
#
#   the daemon:      docker run -v ./config:/config:ro -v newsward-data:/data --read-only newsward
#   one run (cron):  docker run --rm -v ./config:/config:ro -v newsward-data:/data --read-only newsward run
#
# /config holds newsward.toml, which must say where the database lies: [store] database = "/data/newsward.db".
# /data is written by user 10001: the database, its write-ahead log and the run lock. Nothing else is.
ARG BASE=python:3.13-slim

FROM ${BASE} AS build
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY seeds ./seeds
COPY pipeline ./pipeline
RUN python3 -m venv /opt/newsward \
    && /opt/newsward/bin/pip install --no-cache-dir --disable-pip-version-check --constraint constraints.txt .

FROM ${BASE}
COPY --from=build /opt/newsward /opt/newsward
# A numeric user, so that Kubernetes' runAsNonRoot can tell that it is not root.
RUN useradd --system --uid 10001 --user-group --home-dir /data --no-create-home --shell /usr/sbin/nologin newsward \
    && install -d -o 10001 -g 10001 /config /data
ENV PATH=/opt/newsward/bin:$PATH \
    NEWSWARD_CONFIG=/config \
    TMPDIR=/data \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 10001:10001
WORKDIR /data
VOLUME ["/config", "/data"]
# The first poll of many feeds takes its time. Docker reserves exit code 2, which is ours for a bad configuration.
HEALTHCHECK --interval=1m --timeout=10s --start-period=2m CMD newsward health || exit 1
ENTRYPOINT ["newsward"]
CMD ["daemon"]
