"""The files that browsers and programs ask every site for."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

CONTACTS = ['mailto:security@microblog.example', 'https://microblog.example/report']
MakeApp = Callable[..., Flask]
SECURITY_TXT = '/.well-known/security.txt'
PATHS = ['/favicon.ico', '/robots.txt', SECURITY_TXT]


@pytest.fixture
def client(make_app: Callable[..., Flask]) -> FlaskClient:
    return make_app(
        SECURITY_CONTACT=CONTACTS,
        SITE_URL='https://microblog.example',
        TRUSTED_HOSTS=['microblog.example'],
        SQLALCHEMY_DATABASE_URI='sqlite:////nowhere/at/all.db',
    ).test_client()


@pytest.mark.parametrize('path', PATHS)
def test_they_need_nothing(
    client: FlaskClient, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    client.set_cookie('session', 'x')
    with caplog.at_level(logging.INFO, logger='app'):
        response = client.get(path)
    assert response.status_code == 200
    assert client.head(path).status_code == 200
    assert client.post(path).status_code == 405
    assert 'Set-Cookie' not in response.headers
    assert caplog.records == []
    assert response.headers['X-Content-Type-Options'] == 'nosniff'
    again = client.get(path, headers={'If-None-Match': response.headers['ETag']})
    assert (again.status_code, again.data) == (304, b'')
    assert again.cache_control.max_age


def test_the_icon(client: FlaskClient) -> None:
    response = client.get('/favicon.ico')
    assert response.mimetype == 'image/x-icon'
    file = Path(__file__).parents[2] / 'app' / 'static' / 'favicon.ico'
    assert response.data == file.read_bytes()


def test_robots_stay_away_from_secret_links(client: FlaskClient) -> None:
    response = client.get('/robots.txt')
    assert response.content_type == 'text/plain; charset=utf-8'
    assert response.text.splitlines() == [
        'User-agent: *',
        'Disallow: /auth/reset_password/',
        'Disallow: /auth/confirm_email/',
    ]


def test_robots_of_a_public_site_are_shown_what_they_may_find(make_app: MakeApp) -> None:
    private = ['User-agent: *', 'Disallow: /api/', 'Disallow: /auth/', 'Disallow: /search']
    for site, more in [
        ('https://microblog.example', ['Sitemap: https://microblog.example/sitemap.xml']),
        (None, []),
    ]:
        client = make_app(PUBLIC=True, SITE_URL=site).test_client()
        assert client.get('/robots.txt').text.splitlines() == [*private, *more]


def test_whom_to_tell_of_a_hole(client: FlaskClient) -> None:
    response = client.get(SECURITY_TXT)
    assert response.content_type == 'text/plain; charset=utf-8'
    fields = [line.split(': ', 1) for line in response.text.splitlines()]
    assert [name for name, _ in fields] == ['Contact', 'Contact', 'Expires', 'Canonical']
    assert [value for name, value in fields if name == 'Contact'] == CONTACTS
    facts = dict(fields)
    assert facts['Canonical'] == f'https://microblog.example{SECURITY_TXT}'
    ahead = datetime.fromisoformat(facts['Expires']) - datetime.now(UTC)
    assert timedelta(days=30) < ahead < timedelta(days=365)


def test_whom_to_tell_of_a_hole_is_not_known_unless_set(make_app: Callable[..., Flask]) -> None:
    assert make_app().test_client().get(SECURITY_TXT).status_code == 404
