# syntax=docker/dockerfile:1
# The wheel is built in a stage of its own, so the image holds no compiler and no source tree.
FROM python:3.11-slim-bookworm AS build
WORKDIR /build
COPY pyproject.toml setup.py README.md LICENSE ./
COPY src ./src
COPY docs ./docs
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:3.11-slim-bookworm
ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    USAGE_REPORT_DATABASE_URL=sqlite:////data/usage.db
COPY requirements.lock /tmp/requirements.lock
RUN pip install --no-cache-dir --require-hashes -r /tmp/requirements.lock && rm /tmp/requirements.lock
COPY --from=build /wheels /wheels
RUN pip install --no-cache-dir --no-deps /wheels/*.whl && rm -r /wheels \
    && useradd --system --uid 10001 --home-dir /data --create-home usage-report
USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8501/healthz', timeout=4)"]
CMD ["usage-report", "app", "--host", "0.0.0.0", "--port", "8501"]
