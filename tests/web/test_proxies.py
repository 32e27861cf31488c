"""Behind other servers, and with nobody in front who may be believed."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, jsonify, request, url_for
from flask.testing import FlaskClient

from tests.web.test_health import NOT_MIGRATED

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


@pytest.fixture
def site(make_app: Callable[..., Flask]) -> FlaskClient:
    """A site that is known by an https address, with two servers in front."""
    return make_app(
        SITE_URL='https://m.example:8443', PREFERRED_URL_SCHEME='https', PROXY_COUNT=2
    ).test_client()


def came_by(*schemes: str) -> dict[str, str]:
    return {'X-Forwarded-Proto': ', '.join(schemes), 'Host': 'other.example'}


@pytest.mark.parametrize(
    ('method', 'status'), [('GET', 301), ('HEAD', 301), ('POST', 308), ('DELETE', 308)]
)
def test_a_visit_without_tls_is_led_to_tls(site: FlaskClient, method: str, status: int) -> None:
    response = site.open('/user/%C3%A9?x=1%262', method=method, headers=came_by('http', 'https'))
    assert response.status_code == status
    assert response.location == 'https://m.example:8443/user/%C3%A9?x=1%262'
    assert response.headers['X-Content-Type-Options'] == 'nosniff'


@pytest.mark.parametrize('path', ['//evil.example', '/%0d%0aSet-Cookie:%20x=1', '/%ff?%ff'])
def test_no_path_leads_elsewhere(site: FlaskClient, path: str) -> None:
    response = site.get(path, headers=came_by('http', 'http'))
    assert response.status_code == 301
    assert response.location.startswith('https://m.example:8443/')
    assert 'Set-Cookie' not in response.headers


@pytest.mark.parametrize('schemes', [('https', 'http'), ('http', 'https', 'https'), ('http',), ()])
def test_a_visit_with_tls_or_from_inside_is_answered(
    site: FlaskClient, schemes: tuple[str, ...]
) -> None:
    assert site.get('/auth/login', headers=came_by(*schemes)).status_code == 200


@pytest.mark.parametrize(('path', 'text'), [('/healthz', 'ok\n'), ('/readyz', NOT_MIGRATED)])
def test_health_is_told_without_tls(site: FlaskClient, path: str, text: str) -> None:
    assert site.get(path, headers=came_by('http', 'http')).text == text


@pytest.mark.parametrize(
    'settings',
    [
        {'SITE_URL': 'https://m.example', 'PREFERRED_URL_SCHEME': 'https', 'PROXY_COUNT': 0},
        {'SITE_URL': 'http://m.example', 'PROXY_COUNT': 1},
        {'SITE_URL': None, 'PROXY_COUNT': 1},
    ],
)
def test_nobody_else_is_led_to_tls(
    make_app: Callable[..., Flask], settings: dict[str, Any]
) -> None:
    client = make_app(**settings).test_client()
    assert client.get('/auth/login', headers=came_by('http')).status_code == 200
