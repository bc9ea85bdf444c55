# Konkyo in a container. It has not been built where it was written: no container engine was there.
#   docker build -t konkyo .
# Inside, the page listens for other computers: it starts once there is an admin, and asks people to sign in.
#   docker run --rm -it -v konkyo:/data konkyo /opt/konkyo/.venv/bin/konkyo users add NAME --admin
#   docker run -v konkyo:/data -p 127.0.0.1:8501:8501 konkyo
# The first start has no models: docker exec CONTAINER /opt/konkyo/.venv/bin/konkyo models pull
FROM python:3.12-slim-bookworm

RUN apt-get update \
 && apt-get install --yes --no-install-recommends build-essential make fonts-noto-cjk \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --create-home --uid 10001 konkyo

WORKDIR /opt/konkyo
COPY pyproject.toml Makefile README.md LICENSE ./
COPY ingestion ingestion
COPY assistant assistant
COPY training training
COPY ui ui
# GGML_NATIVE=OFF: the image may run on another processor than the one that builds it.
RUN make install CMAKE_ARGS=-DGGML_NATIVE=OFF

# The workspace is a folder of the volume, not the volume: a restore exchanges the folder.
ENV KONKYO_WORKSPACE=/data/workspace \
    KONKYO_SERVICE__PORT=8500
RUN mkdir /data && chown konkyo /data
VOLUME /data
USER konkyo
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=120s \
  CMD ["/opt/konkyo/.venv/bin/python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8500/health', timeout=4)"]
CMD ["/opt/konkyo/.venv/bin/konkyo", "ui", "--host", "0.0.0.0", "--port", "8501", "--no-browser"]
