"""The database is missing, locked or stopped: a page says so, and all is well when it is back."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from time import monotonic, sleep
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from flask.testing import FlaskClient
from sqlalchemy import make_url

from app import database
from app.errors.handlers import RETRY_AFTER
from app.models import User
from tests.conftest import MakeUser
from tests.environment import SERVER_URL
from tests.pages import heading, link
from tests.servers import free_port, running_postgresql

PROJECT = Path(__file__).parent.parent.parent
PATIENCE = 30  # seconds
KEY = 'for this test only, and long enough'


def cookie() -> str:
    """A session that somebody who logged in as a person with the id 1 would have."""
    app = Flask('any')
    app.secret_key = KEY
    serializer = SecureCookieSessionInterface().get_signing_serializer(app)
    assert serializer
    signed: str = serializer.dumps({'_user_id': '1-fingerprint'})
    return signed


@pytest.mark.parametrize(
    'url',
    [
        'postgresql+psycopg://nobody@127.0.0.1:1/nothing',
        'mysql+pymysql://nobody@127.0.0.1:1/nothing',
        'sqlite:////nowhere/at/all.db',
    ],
    ids=lambda url: url.partition('+')[0].partition(':')[0],
)
def test_missing_from_the_start(make_app: Callable[..., Flask], url: str) -> None:
    client = make_app(SQLALCHEMY_DATABASE_URI=url).test_client()
    response = client.post('/auth/login', data={'username': 'susan', 'password': 'x'})
    assert response.status_code == 503
    assert response.headers['Retry-After'] == str(RETRY_AFTER)
    assert heading(response) == 'The Site Is Taking a Break'
    assert link(response, 'Login') == '/auth/login'
    assert 'nothing' not in response.text
    assert 'nowhere' not in response.text
    # What needs no database is there.
    assert client.get('/auth/login').status_code == 200
    assert client.get('/static/css/app.css').status_code == 200


@pytest.mark.skipif(bool(SERVER_URL), reason='only SQLite is locked as a whole')
def test_locked_by_another_process_for_too_long(
    monkeypatch: pytest.MonkeyPatch,
    make_app: Callable[..., Flask],
    make_user: MakeUser,
    app: Flask,
    log_in: Callable[[User], FlaskClient],
) -> None:
    make_user('susan', 'the password')
    monkeypatch.setattr(database, 'SQLITE_BUSY_TIMEOUT', 0.2)
    client = make_app().test_client()
    typed = {'username': 'susan', 'password': 'the password'}
    client.post('/auth/login', data=typed)
    path = make_url(app.config['SQLALCHEMY_DATABASE_URI']).database
    assert path
    other = sqlite3.connect(path)
    other.execute('BEGIN IMMEDIATE')
    response = client.post('/', data={'post': 'Nobody is to lose this.'})
    assert response.status_code == 503
    assert client.get('/explore').status_code == 200
    other.close()
    assert client.post('/', data={'post': 'Nobody is to lose this.'}).status_code == 302
    assert 'Nobody is to lose this.' in client.get('/explore').text


def environment(database_url: str, folder: Path) -> dict[str, str]:
    settings = {'DATABASE_URL': database_url, 'INSTANCE_PATH': str(folder), 'SECRET_KEY': KEY}
    return {**os.environ, **settings}


@contextmanager
def gunicorn(database_url: str, folder: Path) -> Iterator[str]:
    """Serve Microblog as in production; yield its address."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, '-m', 'gunicorn', '-b', f'127.0.0.1:{port}', '-w', '2']
        + ['--no-control-socket', 'microblog:app'],
        cwd=PROJECT,
        env={**environment(database_url, folder), 'LOG_TO_STDOUT': '1'},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield f'http://127.0.0.1:{port}'
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def answer(url: str) -> tuple[int, str]:
    """Return the status and the text of a page for somebody who says to be logged in.

    The status is 0 when there is no server (yet).
    """
    try:
        with urlopen(
            Request(url, headers={'Cookie': f'session={cookie()}'}), timeout=10
        ) as response:
            return response.status, response.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()
    except (OSError, HTTPException):
        return 0, ''


def wait_for(url: str, status: int) -> str:
    end = monotonic() + PATIENCE
    while True:
        found, text = answer(url)
        if found == status:
            return text
        assert monotonic() < end, f'{url} answered {found}, not {status}: {text}'
        sleep(0.1)


@pytest.mark.skipif(bool(SERVER_URL), reason='brings a server of its own')
@pytest.mark.slow
def test_a_server_that_stops_and_comes_back(tmp_path: Path) -> None:
    with running_postgresql() as server, gunicorn(server.url, tmp_path) as site:
        subprocess.run(
            [sys.executable, '-m', 'flask', '--app', 'microblog', 'db', 'upgrade'],
            cwd=PROJECT,
            env=environment(server.url, tmp_path),
            check=True,
            capture_output=True,
        )
        page = f'{site}/index'
        # There is no such person, says the database: the page to log in.
        assert 'Sign In' in wait_for(page, 200)
        server.stop()
        # Each of the two workers has a connection that it believes in.
        for _ in range(6):
            status, text = answer(page)
            assert status == 503
            assert 'The Site Is Taking a Break' in text
            assert 'psycopg' not in text
        server.start()
        for _ in range(6):
            assert answer(page)[0] == 200
