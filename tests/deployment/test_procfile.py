"""The Procfile as hosts like Heroku run it: `release`, then `web` and `worker`."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from tests.conftest import SERVER_URL
from tests.deployment.visitor import core_story
from tests.migrations.database import Database
from tests.servers import PROJECT, answers, free_port, running, running_redis, wait_until

PROGRAMS = str(Path(sys.executable).parent)


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    with running_redis(tmp_path) as url:
        yield url


def test_the_processes(database: Database, redis_url: str, tmp_path: Path) -> None:
    port = free_port()
    address = database.url
    if SERVER_URL.startswith('postgres'):
        address = address.replace('postgresql+psycopg://', 'postgres://')  # as Heroku has it
    environment = {
        'PATH': f'{PROGRAMS}:{os.environ["PATH"]}',
        'HOME': str(tmp_path),
        'SECRET_KEY': 'for tests only',
        'DATABASE_URL': address,
        'REDIS_URL': redis_url,
        'INSTANCE_PATH': str(tmp_path / 'instance'),
        'FLASK_APP': 'microblog.py',
        'LOG_TO_STDOUT': '1',
        'WEB_CONCURRENCY': '1',
    }
    processes = dict(
        line.split(': ', 1) for line in (PROJECT / 'Procfile').read_text().splitlines()
    )
    subprocess.run(
        ['sh', '-c', processes['release']],
        cwd=PROJECT,
        env=environment,
        check=True,
        capture_output=True,
    )
    honcho = [sys.executable, '-m', 'honcho', 'start', '--port', str(port), 'web', 'worker']
    with running(honcho, tmp_path / 'honcho.log', environment), Redis.from_url(redis_url) as redis:
        wait_until(lambda: answers(f'http://127.0.0.1:{port}/readyz'), 'the web server')
        wait_until(lambda: redis.scard('rq:workers:microblog-tasks') == 1, 'the worker')
        susan, _ = core_story(f'http://127.0.0.1:{port}')
        # A job, from the one process to the other. Without MAIL_SERVER, its mail is in the log.
        susan.submit('/export_posts')
        log = tmp_path / 'honcho.log'
        wait_until(lambda: '[Microblog] Your blog posts' in log.read_text(), 'the export')


def test_a_failed_migration_starts_nothing(tmp_path: Path) -> None:
    """What `release` does when the database is away: it says so, and hosts stop there."""
    environment = {
        'PATH': f'{PROGRAMS}:{os.environ["PATH"]}',
        'DATABASE_URL': 'sqlite:////nowhere/app.db',
        'INSTANCE_PATH': str(tmp_path),
        'FLASK_APP': 'microblog.py',
    }
    result = subprocess.run(
        ['sh', '-c', 'flask db upgrade'], cwd=PROJECT, env=environment, capture_output=True
    )
    assert result.returncode != 0
