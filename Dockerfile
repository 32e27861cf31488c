# docker build -t microblog:latest .
# Nothing of one installation is in the image: settings are given when it is run.

FROM python:3.13-slim AS build
WORKDIR /home/microblog
COPY requirements.txt ./
RUN python -m venv venv \
    && venv/bin/pip install --no-cache-dir --disable-pip-version-check -r requirements.txt \
    && venv/bin/pip uninstall --yes --disable-pip-version-check pip
COPY . ./
# Translations, and static files under their final names, are made here once.
RUN export PATH="/home/microblog/venv/bin:$PATH" DATABASE_URL=sqlite:// SECRET_KEY=for-the-build-only LOG_TO_STDOUT=1 \
    && flask translate compile \
    && python -m compileall -q app migrations config.py microblog.py \
    && install -d -m 755 data/instance/media

FROM python:3.13-slim
RUN useradd --no-create-home --home-dir /home/microblog --uid 1000 --shell /usr/sbin/nologin microblog
WORKDIR /home/microblog
COPY --from=build /home/microblog ./
# The application may write into one folder, and only there: its database, when no other is named,
# its secret key, its search index and uploaded pictures.
RUN chown -R microblog:microblog data
ENV PYTHONUNBUFFERED=1 \
    PORT=5000 \
    LOG_TO_STDOUT=1 \
    DATABASE_URL=sqlite:////home/microblog/data/app.db \
    INSTANCE_PATH=/home/microblog/data/instance
ENV FLASK_APP=microblog.py
USER microblog
EXPOSE 5000
HEALTHCHECK --interval=10s --timeout=10s --start-period=60s --retries=3 \
    CMD ["venv/bin/python", "deployment/healthcheck.py"]
ENTRYPOINT ["./boot.sh"]
