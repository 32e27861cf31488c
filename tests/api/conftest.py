"""Programs that use the API."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.security import generate_password_hash
from werkzeug.test import TestResponse

from app import db
from app.models import User
from tests.auth.conftest import app_with_mail, at_once, mailbox
from tests.conftest import MakeUser

__all__ = ['app_with_mail', 'at_once', 'mailbox']

PASSWORD = 'a good one'
# Made once: that takes its time, as it should.
PASSWORD_HASH = generate_password_hash(PASSWORD)
PROJECT = Path(__file__).parents[2]


class Program:
    """A client with a token, which sends and gets JSON."""

    def __init__(self, client: FlaskClient, token: str | None) -> None:
        self.client = client
        self.token = token

    def open(self, method: str, path: str, json: Any = None, **kwargs: Any) -> TestResponse:
        headers = dict(kwargs.pop('headers', {}))
        if self.token is not None:
            headers['Authorization'] = f'Bearer {self.token}'
        if json is not None:
            kwargs['json'] = json
        return self.client.open(f'/api{path}', method=method, headers=headers, **kwargs)

    def get(self, path: str, **kwargs: Any) -> TestResponse:
        return self.open('GET', path, **kwargs)

    def post(self, path: str, json: Any = None, **kwargs: Any) -> TestResponse:
        return self.open('POST', path, json, **kwargs)

    def put(self, path: str, json: Any = None, **kwargs: Any) -> TestResponse:
        return self.open('PUT', path, json, **kwargs)

    def delete(self, path: str, json: Any = None, **kwargs: Any) -> TestResponse:
        return self.open('DELETE', path, json, **kwargs)


ProgramOf = Callable[[User | None], Program]


@pytest.fixture
def program_of(app: Flask) -> ProgramOf:
    """Make programs that act for a user, or for nobody."""

    def make(user: User | None) -> Program:
        token = None
        if user is not None:
            token = user.get_token()
            db.session.commit()
        return Program(app.test_client(), token)

    return make


@pytest.fixture
def susan(make_user: MakeUser) -> User:
    return make_user('susan', password_hash=PASSWORD_HASH)


@pytest.fixture
def john(make_user: MakeUser) -> User:
    return make_user('john', password_hash=PASSWORD_HASH)


@pytest.fixture
def program(program_of: ProgramOf, susan: User) -> Program:
    """What acts for susan."""
    return program_of(susan)


@pytest.fixture
def stranger(program_of: ProgramOf) -> Program:
    """What has no token."""
    return program_of(None)


@dataclass
class LiveServer:
    """A Microblog on a port of its own, and what another process needs to use its database."""

    address: str
    environment: dict[str, str]


@pytest.fixture
def live_server(tmp_path: Path) -> Iterator[LiveServer]:
    """Serve an empty SQLite database, without limits. It must not write down a failure."""
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        'DATABASE_URL': f'sqlite:///{tmp_path}/live.db',
        'INSTANCE_PATH': str(tmp_path / 'instance'),
        'SECRET_KEY': 'for tests only, and long enough for any use',
        'RATELIMIT_ENABLED': '0',
        'LOG_TO_STDOUT': '1',
    }
    flask = [sys.executable, '-m', 'flask']
    subprocess.run(
        [*flask, 'db', 'upgrade'], cwd=PROJECT, env=environment, check=True, capture_output=True
    )
    log = tmp_path / 'server.log'
    with log.open('w') as output:
        process = subprocess.Popen(
            [*flask, 'run', '--port', str(port)],
            cwd=PROJECT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        address = f'http://127.0.0.1:{port}'
        for _ in range(100):
            try:
                urlopen(f'{address}/api/docs', timeout=5).close()
                break
            except OSError:
                time.sleep(0.1)
        yield LiveServer(address, environment)
        process.terminate()
        process.wait()
    assert 'Traceback' not in log.read_text()
