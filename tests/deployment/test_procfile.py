"""The Procfile as hosts like Heroku run it: `release`, then `web` and `worker`."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from tests.deployment.visitor import core_story
from tests.environment import SERVER_URL, bare
from tests.migrations.database import Database
from tests.servers import PROJECT, accepts, answers, free_port, missing, running, wait_until

PROGRAMS = str(Path(sys.executable).parent)


def run(process: str, environment: dict[str, str]) -> 'subprocess.CompletedProcess[str]':
    """Run a line of the Procfile, as hosts do."""
    lines = (PROJECT / 'Procfile').read_text().splitlines()
    command = dict(line.split(': ', 1) for line in lines)[process]
    return subprocess.run(
        ['sh', '-c', command],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


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
    environment = bare(
        PATH=f'{PROGRAMS}:{os.environ["PATH"]}',
        HOME=str(tmp_path),
        SECRET_KEY='for tests only, and long enough for any use',
        DATABASE_URL=address,
        REDIS_URL=redis_url,
        REDIS_TLS_VERIFY='0',
        INSTANCE_PATH=str(tmp_path / 'instance'),
        LOG_TO_STDOUT='1',
        WEB_CONCURRENCY='1',
    )
    assert run('release', environment).returncode == 0
    # Without the file `.env` of whoever runs the tests.
    honcho = [sys.executable, '-m', 'honcho', 'start', '--env', os.devnull, '--port', str(port)]
    honcho += ['web', 'worker']
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
        # Two people, counted for all processes together.
        assert redis.get('LIMITS:LIMITER/address 127.0.0.1/accounts/10/1/hour') == b'2'
        assert 'flask-limiter' not in log.read_text()


def test_a_malformed_setting_ends_the_web_process_with_one_line() -> None:
    """Also the one that gunicorn itself reads, before it knows of a configuration."""
    result = run('web', bare(PATH=f'{PROGRAMS}:{os.environ["PATH"]}', WEB_CONCURRENCY='many'))
    assert result.returncode != 0
    assert result.stderr == "WEB_CONCURRENCY must be a whole number from 1 to 1000, not 'many'\n"


def test_without_redis_there_is_no_worker() -> None:
    """It says so, and does not look for Redis where nobody has said that there is one."""
    settings = {'SECRET_KEY': 'for tests only, and long enough for any use'}
    result = run('worker', bare(PATH=f'{PROGRAMS}:{os.environ["PATH"]}', **settings))
    assert result.returncode == 1
    assert result.stderr == 'REDIS_URL is not set\n'


def test_a_failed_migration_ends_the_release(tmp_path: Path) -> None:
    """When the database is away it says so by its status, and hosts stop there."""
    environment = bare(
        PATH=f'{PROGRAMS}:{os.environ["PATH"]}',
        DATABASE_URL='sqlite:////nowhere/app.db',
        INSTANCE_PATH=str(tmp_path),
    )
    result = run('release', environment)
    assert result.returncode != 0
    assert 'unable to open database file' in result.stderr


@pytest.mark.parametrize(('fails', 'started'), [(None, True), ('flask', False)])
@pytest.mark.parametrize(('process', 'server'), [('web', 'gunicorn'), ('worker', 'rq')])
def test_a_failure_on_the_way_starts_nothing(
    tmp_path: Path, process: str, server: str, fails: str | None, started: bool
) -> None:
    """Every program is played by one that writes down that it was started."""
    for name in ('flask', 'python', 'gunicorn', 'rq'):
        program = tmp_path / name
        program.write_text(f'#!/bin/sh\ntouch {program}.started\nexit {int(name == fails)}\n')
        program.chmod(0o755)
    result = run(process, bare(PATH=f'{tmp_path}:{os.environ["PATH"]}'))
    assert (tmp_path / f'{server}.started').exists() is started
    assert (result.returncode == 0) is started
