# The image of every process of the service; docker-compose.yml says which process does what.
#
# Debian 12, because its Python 3.11 and its bubblewrap 0.8.0 are those that the tests of the box run on. The program runs
# from its checkout in a venv of its own, as `./run` does it on a bare machine, with the versions of constraints.txt and
# without the extras of the tests. Everything belongs to root and is read-only for the service's own user.
FROM debian:bookworm-slim

RUN apt-get update \
    && apt-get install -y --no-install-recommends bubblewrap metamath python3 python3-venv \
    && rm -rf /var/lib/apt/lists/*

RUN groupadd --system --gid 10001 assay \
    && useradd --system --uid 10001 --gid assay --home-dir /var/lib/assay --shell /usr/sbin/nologin assay \
    && install -d -o assay -g assay -m 0700 /var/lib/assay /var/lib/assay-keys

WORKDIR /opt/assay
COPY LICENSE README.md constraints.txt pyproject.toml ./
COPY app app
COPY assay_client assay_client
COPY cli cli
COPY migrations migrations
COPY sandbox sandbox
COPY workers workers
RUN python3 -m venv .venv \
    && .venv/bin/pip install --no-cache-dir --disable-pip-version-check -c constraints.txt -e . \
    && .venv/bin/python -m compileall -q app cli migrations sandbox workers

ENV PATH=/opt/assay/.venv/bin:/usr/bin:/bin \
    PYTHONUNBUFFERED=1 \
    ASSAY_HOME=/var/lib/assay

USER 10001:10001
CMD ["assay", "--help"]
