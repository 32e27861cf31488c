"""The reference at /api/docs and the OpenAPI document."""

from collections.abc import Callable
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from app.models import User
from app.models.api_token import SCOPES
from tests.conftest import MakeUser
from tests.pages import link, title


def document(client: FlaskClient) -> Any:
    response = client.get('/api/openapi.json')
    assert response.status_code == 200
    assert response.content_type == 'application/json'
    return response.get_json()


def test_every_route_is_described(app: Flask, client: FlaskClient) -> None:
    spec = document(client)
    assert spec['openapi'] == '3.1.0'
    for rule in app.url_map.iter_rules():
        if not rule.endpoint.startswith('api.') or rule.endpoint in ('api.docs', 'api.openapi'):
            continue
        path = rule.rule.replace('<int:id>', '{id}').replace('<word>', '{word}')
        for method in (rule.methods or set()) - {'HEAD', 'OPTIONS'}:
            operation = spec['paths'][path][method.lower()]
            assert operation['summary']
            assert operation['tags']
            assert operation['operationId'] == rule.endpoint.removeprefix('api.')


def test_what_needs_a_token_says_so(client: FlaskClient) -> None:
    paths = document(client)['paths']
    assert 'security' not in paths['/api/users']['post']
    assert paths['/api/tokens']['post']['security'] == [{'basic_auth': []}]
    for path, operations in paths.items():
        for method, operation in operations.items():
            if (path, method) in (('/api/users', 'post'), ('/api/tokens', 'post')):
                continue
            [(scheme, scopes)] = operation['security'][0].items()
            assert (scheme, {*scopes} <= {*SCOPES}) == ('token_auth', True), path
            assert scopes, path
            assert {'401', '403'} <= operation['responses'].keys()


def test_two_applications_do_not_share_a_document(client: FlaskClient) -> None:
    assert document(client)['servers'] == [{'url': 'http://localhost/'}]
    response = client.get('/api/openapi.json', base_url='https://other.example/')
    assert response.get_json()['servers'] == [{'url': 'https://other.example/'}]


def test_the_page(client: FlaskClient) -> None:
    response = client.get('/api/docs')
    assert response.status_code == 200
    assert title(response) == 'API reference - Microblog'
    for path, operations in document(client)['paths'].items():
        for operation in operations.values():
            assert f'id="{operation["operationId"]}"' in response.text, path
    assert 'http://localhost/api/tokens' in response.text
    assert '`' not in response.text
    assert 'best or newest' in response.text
    assert link(client.get('/auth/login'), 'API reference') == '/api/docs'


def test_the_page_is_one_of_the_site(
    client: FlaskClient, log_in: Callable[[User], FlaskClient], make_user: MakeUser
) -> None:
    assert link(client.get('/api/docs'), 'Login') == '/auth/login'
    known = log_in(make_user('susan', language='de'))
    page = known.get('/api/docs')
    assert link(page, 'Profil') == '/user/susan'
    assert link(page, 'Abmelden') == '/auth/logout'
    assert 'action="/search"' in page.text
    # Its languages can be chosen, and lead back to it.
    assert 'name="next" value="/api/docs"' in page.text
    response = known.post('/language', data={'language': 'es', 'next': '/api/docs'})
    assert response.location == '/api/docs'
    assert '<html lang="es"' in known.get('/api/docs').text
    # Those who send it something are told by a page, too.
    assert known.post('/api/docs').content_type == 'text/html; charset=utf-8'
