"""The headers that every response carries."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from app import db
from app.models import User
from tests.conftest import MakeUser


@pytest.mark.parametrize(
    'path',
    ['/', '/index', '/explore', '/user/susan', '/auth/login', '/auth/register', '/edit_profile']
    + ['/nothing', '/follow/susan', '/static/css/app.css', '/static/js/times.js']
    + ['/bootstrap/static/css/bootstrap.min.css'],
)
@pytest.mark.parametrize('known', [False, True])
def test_every_response(
    client: FlaskClient,
    log_in: Callable[[User], FlaskClient],
    make_user: MakeUser,
    path: str,
    known: bool,
) -> None:
    visitor = log_in(make_user('susan')) if known else client
    headers = visitor.get(path).headers
    policy = headers['Content-Security-Policy']
    assert 'unsafe' not in policy
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    hosts = [word for word in policy.replace(';', ' ').split() if '.' in word]
    assert hosts == ['https://www.gravatar.com']
    assert headers['X-Content-Type-Options'] == 'nosniff'
    assert headers['Referrer-Policy'] == 'same-origin'


@pytest.mark.parametrize(
    'path',
    ['/index', '/explore', '/user/susan', '/user/susan/popup', '/edit_profile', '/messages']
    + ['/notifications', '/auth/change_password', '/auth/login', '/nothing']
    + ['/archive/{id}/posts.json', '/api/users/{id}', '/api/timeline', '/api/nothing'],
)
def test_what_is_ones_own_is_kept_nowhere(
    log_in: Callable[[User], FlaskClient], make_user: MakeUser, path: str
) -> None:
    susan = make_user('susan')
    headers = {}
    if path.startswith('/api/'):
        headers['Authorization'] = f'Bearer {susan.get_token()}'
        db.session.commit()
    response = log_in(susan).get(path.format(id=susan.id), headers=headers)
    assert response.headers['Cache-Control'] == 'no-store'
    if not path.startswith('/api/'):
        assert 'Cookie' in response.headers['Vary']


def test_what_has_a_secret_is_kept_nowhere(client: FlaskClient, make_user: MakeUser) -> None:
    susan = make_user('susan', 'a good one')
    form = {'username': 'susan', 'password': 'a good one'}
    registration = {'username': 'john', 'email': 'john@example.com', 'password': 'a good one'}
    answers = [
        client.get(f'/auth/reset_password/{susan.get_reset_password_token()}'),
        client.get('/auth/reset_password/nonsense'),
        client.get(f'/auth/confirm_email/{susan.get_change_email_token("new@example.com")}'),
        client.post('/api/tokens', auth=('susan', 'a good one')),
        client.post('/api/tokens', auth=('susan', 'a bad one')),
        client.post('/api/users', json=registration),
        client.post('/auth/login', data=form),
    ]
    assert [a.status_code for a in answers] == [200, 302, 200, 200, 401, 201, 302]
    assert {a.headers['Cache-Control'] for a in answers} == {'no-store'}


@pytest.mark.parametrize('known', [False, True])
@pytest.mark.parametrize(
    ('path', 'kept'),
    [
        ('/static/css/app.css', 'no-cache'),
        ('/api/openapi.json', 'private, no-cache'),
    ],
)
def test_what_is_everybodys_can_be_kept(
    client: FlaskClient,
    log_in: Callable[[User], FlaskClient],
    make_user: MakeUser,
    path: str,
    kept: str,
    known: bool,
) -> None:
    visitor = log_in(make_user('susan')) if known else client
    assert visitor.get(path).headers['Cache-Control'] == kept


@pytest.mark.parametrize('path', ['/auth/login', '/auth/register', '/auth/reset_password_request'])
def test_what_a_stranger_has_typed_is_there_when_they_come_back(
    client: FlaskClient, path: str
) -> None:
    assert client.get(path).headers['Cache-Control'] == 'private, no-cache'
