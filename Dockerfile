# The kiosk's page. docker build .                          on the processor
#                   docker build --build-arg DEVICE=cuda .  on an NVIDIA GPU, too
FROM python:3.11-slim-bookworm AS build
ARG DEVICE=cpu
SHELL ["/bin/sh", "-eu", "-c"]
WORKDIR /source
COPY requirements.txt .
RUN python -m venv /opt/v2f
# The same release of torch, without the gigabytes that only a GPU needs: PyPI has no such build.
RUN if [ "$DEVICE" = cpu ]; then \
        torch=$(grep --only-matching '^torch==[0-9.]*' requirements.txt); \
        /opt/v2f/bin/pip install --no-cache-dir --index-url https://download.pytorch.org/whl/cpu "$torch"; \
    fi
COPY pyproject.toml README.md LICENSE ./
COPY v2f v2f
COPY assets assets
RUN /opt/v2f/bin/pip install --no-cache-dir --constraint requirements.txt '.[kiosk]'

FROM python:3.11-slim-bookworm
COPY --from=build /opt/v2f /opt/v2f
RUN useradd --system --uid 10001 --home-dir /tmp --shell /usr/sbin/nologin v2f
USER 10001
# With a read-only root there is only /tmp to write to: compose.yaml keeps it in memory.
ENV HOME=/tmp PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 \
    CMD ["/opt/v2f/bin/python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:7860/', timeout=8)"]
# In a container 127.0.0.1 reaches nobody; who may come in is for the ports to say that are published.
ENTRYPOINT ["/opt/v2f/bin/v2f", "kiosk", "--host", "0.0.0.0"]
