"""gunicorn with the configuration of deployment/."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.deployment.visitor import SECRET, Visitor, assert_secrets_are_left_out, core_story
from tests.environment import bare
from tests.servers import PATIENCE, PROJECT, answers, free_port, running, wait_until

GUNICORN = [sys.executable, '-m', 'gunicorn', '-c', 'deployment/gunicorn.conf.py']


def environment(folder: Path, **settings: str) -> dict[str, str]:
    return {
        **bare(),
        'HOME': str(folder),
        'SECRET_KEY': 'for tests only, and long enough for any use',
        'DATABASE_URL': f'sqlite:///{folder}/app.db',
        'INSTANCE_PATH': str(folder / 'instance'),
        'LOG_TO_STDOUT': '1',
        **settings,
    }


def flask_db_upgrade(settings: dict[str, str]) -> None:
    command = [sys.executable, '-m', 'flask', 'db', 'upgrade']
    subprocess.run(command, cwd=PROJECT, env=settings, check=True, capture_output=True)


@pytest.fixture
def two_instances(tmp_path: Path) -> Iterator[list[str]]:
    """The addresses of two servers that the same user runs on one database."""
    flask_db_upgrade(environment(tmp_path))
    ports = [free_port(), free_port()]
    with ExitStack() as stack:
        for port in ports:
            settings = environment(tmp_path, PORT=str(port))
            command = [*GUNICORN, '--access-logfile', '-', 'microblog:app']
            stack.enter_context(running(command, tmp_path / f'{port}.log', settings))
        addresses = [f'http://127.0.0.1:{port}' for port in ports]
        for address in addresses:
            wait_until(lambda address=address: answers(f'{address}/readyz'), address)  # type: ignore[misc]
        yield addresses


def test_two_instances_of_one_user(two_instances: list[str], tmp_path: Path) -> None:
    susan, _ = core_story(two_instances[0])
    susan.site = two_instances[1]
    assert 'Portland' in susan.get('/index').text
    assert not [path for path in tmp_path.rglob('*') if path.is_socket()]


def test_questions_of_load_balancers_are_not_logged(
    two_instances: list[str], tmp_path: Path
) -> None:
    port = two_instances[0].rpartition(':')[2]
    for path in ('/healthz', '/readyz', '/auth/login'):
        assert answers(two_instances[0] + path)
    log = tmp_path / f'{port}.log'
    wait_until(lambda: 'GET /auth/login' in log.read_text(), 'the line of a visit')
    assert 'healthz' not in log.read_text()
    assert 'readyz' not in log.read_text()


def test_limits_hold_for_all_processes_and_instances(two_instances: list[str]) -> None:
    def status(number: int) -> int:
        site = Visitor(two_instances[number % 2])
        return site.ask('/api/users', b'{}', Content_Type='application/json').status

    with ThreadPoolExecutor(4) as pool:
        statuses = list(pool.map(status, range(60)))
    assert (statuses.count(400), statuses.count(429)) == (30, 30)


def test_secrets_in_links_are_not_logged(two_instances: list[str], tmp_path: Path) -> None:
    site, log = two_instances[0], tmp_path / f'{two_instances[0].rpartition(":")[2]}.log'
    assert_secrets_are_left_out(site, log)
    # Nor by what gunicorn says of a request that it does not understand.
    with socket.create_connection(('127.0.0.1', urlsplit(site).port or 0)) as client:
        client.sendall(f'GET /auth/reset_password/{SECRET} x HTTP/1.1\r\n\r\n'.encode())
        assert client.recv(12) == b'HTTP/1.1 400'
    wait_until(lambda: 'Invalid request from' in log.read_text(), 'the complaint')
    assert SECRET not in log.read_text()


SHOW = ['workers', 'threads', 'bind', 'preload_app', 'forwarded_allow_ips']


BAD = [
    ('WEB_THREADS', '-3'),
    ('WEB_THREADS', 'x'),
    ('WEB_CONCURRENCY', '0'),
    ('PORT', 'http'),
    ('PORT', '99999'),
]


@pytest.mark.parametrize(('name', 'text'), BAD)
def test_a_malformed_setting_stops_the_start_with_one_line(
    tmp_path: Path, name: str, text: str
) -> None:
    result = subprocess.run(
        [*GUNICORN, 'microblog:app'],
        cwd=PROJECT,
        env=environment(tmp_path, **{name: text}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode != 0
    assert result.stderr.startswith(f'{name} must be ')
    assert result.stderr.count('\n') == 1


@pytest.mark.parametrize(
    ('folder', 'name', 'text'),
    [
        ('.', 'POSTS_PER_PAGE', 'many'),
        ('.', 'WEB_CONCURRENCY', '0'),
        # Where gunicorn finds no configuration of ours, and so reads PORT itself.
        ('docs', 'POSTS_PER_PAGE', 'many'),
        ('docs', 'SECRET_KEY', ''),
    ],
)
def test_a_malformed_setting_ends_a_bare_gunicorn(
    tmp_path: Path, folder: str, name: str, text: str
) -> None:
    settings = environment(tmp_path, PORT=str(free_port()), DATABASE_URL='mysql://127.0.0.1:1/x')
    result = subprocess.run(
        [*GUNICORN[:3], '--pythonpath', str(PROJECT), 'microblog:app'],
        cwd=PROJECT / folder,
        env={**settings, name: text},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert result.returncode != 0
    lines = {line for line in result.stderr.splitlines() if not line.startswith('[')}
    assert len(lines) == 1
    assert lines.pop().startswith(f'{name} must be ')


@pytest.mark.parametrize(
    ('settings', 'expected'),
    [
        ({}, ['2', '4', "['127.0.0.1:8000']", 'False', '[]']),
        ({'WEB_CONCURRENCY': '5', 'WEB_THREADS': '8'}, ['5', '8']),
        ({'PORT': '5000'}, ['2', '4', "['0.0.0.0:5000']"]),
        ({'PORT': ''}, ['2', '4', "['127.0.0.1:8000']"]),
    ],
)
def test_settings(tmp_path: Path, settings: dict[str, str], expected: list[str]) -> None:
    result = subprocess.run(
        [*GUNICORN, '--print-config', 'microblog:app'],
        cwd=PROJECT,
        env=environment(tmp_path, **settings),
        capture_output=True,
        text=True,
        check=True,
    )
    shown = dict(line.split('=', 1) for line in result.stdout.splitlines() if ' = ' in line)
    shown = {name.strip(): value.strip() for name, value in shown.items()}
    assert [shown[name] for name in SHOW][: len(expected)] == expected
