"""The Procfile as hosts like Heroku run it: `release`, then `web` and `worker`."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from tests.conftest import SERVER_URL
from tests.deployment.visitor import core_story
from tests.migrations.database import Database
from tests.servers import PROJECT, accepts, answers, free_port, missing, running, wait_until

PROGRAMS = str(Path(sys.executable).parent)


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    """Redis as Heroku has it: with TLS, and a certificate that nobody signed."""
    for program in ('redis-server', 'openssl'):
        if shutil.which(program) is None:
            missing(program)
    key, certificate = tmp_path / 'key.pem', tmp_path / 'cert.pem'
    openssl = ['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=redis']
    subprocess.run([*openssl, '-keyout', key, '-out', certificate], check=True, capture_output=True)
    port = free_port()
    url = f'rediss://127.0.0.1:{port}'
    redis = ['redis-server', '--bind', '127.0.0.1', '--save', '', '--dir', str(tmp_path)]
    redis += ['--port', '0', '--tls-port', str(port), '--tls-auth-clients', 'no']
    redis += ['--tls-key-file', str(key), '--tls-cert-file', str(certificate)]
    redis += ['--tls-ca-cert-file', str(certificate)]
    with running(redis, tmp_path / 'redis.log'):
        wait_until(lambda: accepts(port), 'Redis')
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
        'REDIS_TLS_VERIFY': '0',
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
    with (
        running(honcho, tmp_path / 'honcho.log', environment),
        Redis.from_url(redis_url, ssl_cert_reqs='none') as redis,
    ):
        wait_until(lambda: answers(f'http://127.0.0.1:{port}/readyz'), 'the web server')
        wait_until(lambda: redis.scard('rq:workers:microblog-tasks') == 1, 'the worker')
        susan, _ = core_story(f'http://127.0.0.1:{port}')
        # A job, from the one process to the other. Without MAIL_SERVER, its mail is in the log.
        susan.submit('/export_posts')
        log = tmp_path / 'honcho.log'
        wait_until(lambda: '[Microblog] Your blog posts' in log.read_text(), 'the export')
        assert redis.keys('LIMITS*')
        assert 'flask-limiter' not in log.read_text()


def test_without_redis_there_is_no_worker(tmp_path: Path) -> None:
    """It says so, and does not look for Redis where nobody has said that there is one."""
    lines = (PROJECT / 'Procfile').read_text().splitlines()
    (worker,) = (line.partition('&& ')[2] for line in lines if line.startswith('worker: '))
    environment = {'PATH': f'{PROGRAMS}:{os.environ["PATH"]}'}
    result = subprocess.run(
        ['sh', '-c', worker], cwd=PROJECT, env=environment, capture_output=True, text=True
    )
    assert result.returncode == 1
    assert result.stderr == 'REDIS_URL is not set\n'


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
