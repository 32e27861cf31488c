"""What load balancers ask; tests/migrations/test_readiness.py has more of /readyz."""

from collections.abc import Callable
from datetime import datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_login import encode_cookie

from tests.conftest import MakeUser, session_of

PATHS = ['/healthz', '/readyz']
LONG_AGO = datetime(2026, 1, 1)
NOT_MIGRATED = 'migrations pending\n'  # the tables of tests are made without migrations


def test_the_process_is_up(client: FlaskClient) -> None:
    response = client.get('/healthz')
    assert (response.status_code, response.text) == (200, 'ok\n')
    assert response.headers['Cache-Control'] == 'no-store'
    assert client.head('/healthz').status_code == 200


def test_the_process_is_up_while_the_database_is_away(make_app: Callable[..., Flask]) -> None:
    client = make_app(SQLALCHEMY_DATABASE_URI='sqlite:////nowhere/at/all.db').test_client()
    assert client.get('/healthz').status_code == 200
    response = client.get('/readyz')
    assert (response.status_code, response.text) == (503, 'database unavailable\n')


@pytest.mark.parametrize('path', PATHS)
def test_it_is_nobodys_visit(client: FlaskClient, make_user: MakeUser, path: str) -> None:
    """Not even of somebody who comes with "Remember Me", whose visits start a session."""
    susan = make_user('susan', last_seen=LONG_AGO)
    client.set_cookie('remember_token', encode_cookie(session_of(susan)))
    response = client.get(path)
    assert 'Set-Cookie' not in response.headers
    assert 'X-Request-ID' not in response.headers
    assert susan.last_seen == LONG_AGO

    response = client.get('/explore')
    assert 'Set-Cookie' in response.headers
    assert 'X-Request-ID' in response.headers
    assert susan.last_seen > LONG_AGO


@pytest.mark.parametrize('path', PATHS)
def test_it_changes_nothing(client: FlaskClient, path: str) -> None:
    response = client.post(path)
    assert response.status_code == 405
    assert response.headers['Allow'] == 'GET, HEAD'


@pytest.mark.parametrize(('path', 'text'), [('/healthz', 'ok\n'), ('/readyz', NOT_MIGRATED)])
def test_under_any_host_name(make_app: Callable[..., Flask], path: str, text: str) -> None:
    client = make_app(TRUSTED_HOSTS=['microblog.example']).test_client()
    assert client.get('/auth/login').status_code == 400
    assert client.get(path, headers={'Host': '10.0.0.7:5000'}).text == text
