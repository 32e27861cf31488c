"""What load balancers ask; tests/migrations/test_readiness.py has more of /readyz."""

import logging
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

PATHS = ['/healthz', '/readyz']


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
def test_it_is_nobodys_visit(
    client: FlaskClient, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    client.set_cookie('session', 'x')
    with caplog.at_level(logging.INFO):
        response = client.get(path)
    assert 'Set-Cookie' not in response.headers
    assert [record for record in caplog.records if record.name == 'app'] == []


@pytest.mark.parametrize('path', PATHS)
def test_it_changes_nothing(client: FlaskClient, path: str) -> None:
    response = client.post(path)
    assert response.status_code == 405
    assert response.headers['Allow'] == 'GET, HEAD'


@pytest.mark.parametrize('path', PATHS)
def test_under_any_host_name(make_app: Callable[..., Flask], path: str) -> None:
    client = make_app(TRUSTED_HOSTS=['microblog.example']).test_client()
    assert client.get('/auth/login').status_code == 400
    assert client.get(path, headers={'Host': '10.0.0.7:5000'}).status_code in (200, 503)
