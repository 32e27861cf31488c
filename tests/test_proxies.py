"""Behind other servers, and with nobody in front who may be believed."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, jsonify, request, url_for
from flask.testing import FlaskClient

CLAIMS = {
    'X-Forwarded-For': '6.6.6.6, 203.0.113.7',
    'X-Forwarded-Proto': 'https',
    'X-Forwarded-Host': 'evil.example',
    'X-Forwarded-Prefix': '/evil',
    'X-Forwarded-Port': '666',
}


@pytest.fixture
def ask(make_app: Callable[..., Flask]) -> Callable[..., Any]:
    """Return what a view sees of a request that came through an application with settings."""

    def ask(**settings: Any) -> Any:
        app = make_app(**settings)

        @app.route('/request')
        def show() -> Any:
            return jsonify(address=request.remote_addr, link=url_for('main.index', _external=True))

        return app.test_client().get('/request', headers=CLAIMS).json

    return ask


def test_by_default_nobody_is_believed(ask: Callable[..., Any]) -> None:
    assert ask() == {'address': '127.0.0.1', 'link': 'http://localhost/index'}


def test_one_server_in_front(ask: Callable[..., Any]) -> None:
    assert ask(PROXY_COUNT=1) == {'address': '203.0.113.7', 'link': 'https://localhost/index'}


def test_two_servers_in_front(ask: Callable[..., Any]) -> None:
    # The second server has not said by which scheme it was asked: nothing is made up.
    assert ask(PROXY_COUNT=2) == {'address': '6.6.6.6', 'link': 'http://localhost/index'}


def test_a_site_with_tls_has_https_links_in_any_case(ask: Callable[..., Any]) -> None:
    assert ask(PREFERRED_URL_SCHEME='https')['link'] == 'https://localhost/index'


def cookies(client: FlaskClient) -> list[str]:
    return client.get('/auth/login').headers.getlist('Set-Cookie')


def test_with_tls(make_app: Callable[..., Flask]) -> None:
    client = make_app(
        PREFERRED_URL_SCHEME='https', SESSION_COOKIE_SECURE=True, WTF_CSRF_ENABLED=True
    ).test_client()
    (cookie,) = cookies(client)
    assert {'Secure', 'HttpOnly', 'SameSite=Lax'} <= set(cookie.split('; '))
    headers = client.get('/auth/login').headers
    assert headers['Strict-Transport-Security'] == 'max-age=31536000'


def test_without_tls(make_app: Callable[..., Flask]) -> None:
    client = make_app(WTF_CSRF_ENABLED=True).test_client()
    (cookie,) = cookies(client)
    assert 'Secure' not in cookie
    assert 'Strict-Transport-Security' not in client.get('/auth/login').headers
