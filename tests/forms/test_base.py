"""One pass over all forms with CSRF protection on, as in production."""

from collections.abc import Callable
from io import BytesIO

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import db
from app.models import User
from tests.auth.conftest import wait_for_threads
from tests.conftest import MakeUser, session_of
from tests.pages import bodies, csrf_token, flashes

PERSON = {'username': 'susan', 'password': 'a good one'}
NEWCOMER = {**PERSON, 'email': 'susan@example.com', 'password2': 'a good one'}


@pytest.fixture
def client(make_app: Callable[..., Flask]) -> FlaskClient:
    return make_app(WTF_CSRF_ENABLED=True).test_client()


def test_the_whole_story(client: FlaskClient, make_user: MakeUser) -> None:
    make_user('john')

    def send(page: str, action: str, **fields: str) -> None:
        """Send the form on `page` to `action`, first without its token, then with it."""
        refused = client.post(action, data=fields)
        if action.startswith(('/follow', '/unfollow')):
            assert (refused.status_code, refused.location) == (302, '/index')
            assert flashes(client.get('/index')) == []
        else:
            assert refused.status_code == 400
        token = csrf_token(client, page)
        assert client.post(action, data={**fields, 'csrf_token': token}).status_code == 302

    send('/auth/register', '/auth/register', **NEWCOMER)
    send('/auth/login', '/auth/login', **PERSON)
    send('/index', '/index', post='Hello, world!')
    assert bodies(client.get('/index')) == ['Hello, world!']
    send('/user/john', '/follow/john')
    assert '>1 follower</a>' in client.get('/user/john').text
    send('/user/john', '/unfollow/john')
    assert '>0 followers</a>' in client.get('/user/john').text
    send('/edit_profile', '/edit_profile', username='susanna', about_me='about')
    assert client.get('/user/susanna').status_code == 200


def test_another_sessions_token_is_no_good(
    client: FlaskClient, make_app: Callable[..., Flask], make_user: MakeUser
) -> None:
    susan = make_user('susan')
    other = make_app(WTF_CSRF_ENABLED=True).test_client()
    token = csrf_token(other, '/auth/login')
    with client.session_transaction() as session:
        session['_user_id'] = session_of(susan)
    csrf_token(client, '/index')
    assert client.post('/index', data={'post': 'hi', 'csrf_token': token}).status_code == 400
    assert client.post('/follow/susan', data={'csrf_token': token}).location == '/index'
    db.session.refresh(susan)
    assert susan.post_count == 0


@pytest.mark.parametrize('field', [*NEWCOMER, 'remember_me', 'csrf_token', 'post', 'about_me'])
@pytest.mark.parametrize(
    'value',
    ['x' * 10_000, 'a\0b', '\ud800', '\x01\x1f\x7f\x9f', '\u202e\u2066', '😀' * 1000, 'שלום']
    + ['<script>alert(1)</script>', '{{ 7*7 }}', "'; DROP TABLE user; --", '%s%n', '../../etc'],
)
def test_no_input_makes_a_server_error(
    log_in: Callable[[User], FlaskClient], app: Flask, make_user: MakeUser, field: str, value: str
) -> None:
    susan = make_user('susan')
    data = {
        name: text.encode('utf-8', 'surrogatepass')
        for name, text in {**NEWCOMER, 'post': 'hi', 'about_me': 'x', field: value}.items()
    }
    for path in ('/auth/register', '/auth/login'):
        assert app.test_client().post(path, data=data).status_code < 500
    known = log_in(susan)
    for path in ('/index', '/edit_profile', '/follow/susan'):
        assert known.post(path, data=data).status_code < 500
    assert known.get('/explore').status_code == 200


@pytest.mark.parametrize(
    ('content_type', 'body'),
    [
        ('multipart/form-data; boundary=x', b'garbage'),
        ('multipart/form-data', b'--\r\n'),
        ('application/json', b'{"post": "hi"}'),
        ('text/plain; charset=nonsense', b'\xff\xfe'),
        ('application/x-www-form-urlencoded', b'&&&=%zz&post'),
        ('application/x-www-form-urlencoded; charset=utf-16', b'post=x'),
    ],
)
def test_no_body_makes_a_server_error(
    log_in: Callable[[User], FlaskClient], make_user: MakeUser, content_type: str, body: bytes
) -> None:
    client = log_in(make_user('susan'))
    for path in ('/index', '/edit_profile', '/auth/register', '/follow/susan'):
        assert client.post(path, data=body, content_type=content_type).status_code < 500


@pytest.mark.parametrize('field', ['username', 'password', 'email', 'post', 'csrf_token'])
@pytest.mark.parametrize(
    'path', ['/auth/login', '/auth/register', '/auth/reset_password_request', '/index']
)
def test_a_file_is_no_text(client: FlaskClient, make_user: MakeUser, path: str, field: str) -> None:
    susan = make_user('susan')
    with client.session_transaction() as session:
        session['_user_id'] = session_of(susan) if path == '/index' else ''
    form: dict[str, object] = {**NEWCOMER, 'csrf_token': csrf_token(client, path)}
    form[field] = (BytesIO(b'text'), 'file.txt')
    assert client.post(path, data=form).status_code in (200, 302, 400)
    wait_for_threads()


@pytest.mark.parametrize(
    'body', ['{"username": 1}', '5', '"x"', '[' * 60_000, r'{"username": "\ud800"}', '{']
)
@pytest.mark.parametrize(
    ('path', 'status'), [('/auth/login', 200), ('/auth/register', 200), ('/follow/susan', 302)]
)
def test_json_is_no_form(client: FlaskClient, path: str, status: int, body: str) -> None:
    headers = {'X-CSRFToken': csrf_token(client, '/auth/login')}
    response = client.post(path, data=body, headers=headers, content_type='application/json')
    assert response.status_code == status
