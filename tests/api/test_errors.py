"""Whatever a program does wrong, it is told so in JSON."""

from collections.abc import Callable

import pytest
from flask import Flask
from psycopg import OperationalError as NoServer
from sqlalchemy.exc import OperationalError

from app import db
from app.errors.handlers import RETRY_AFTER
from app.models import User
from config import Config
from tests.api.conftest import PASSWORD, Program
from tests.conftest import MakeUser

MESSAGE = 'must include username, email and password fields'


@pytest.mark.parametrize(
    ('method', 'path', 'status', 'error'),
    [
        ('GET', '/nothing', 404, 'Not Found'),
        ('GET', '/', 404, 'Not Found'),
        ('POST', '/users/1/nothing', 404, 'Not Found'),
        ('PATCH', '/users', 405, 'Method Not Allowed'),
        ('POST', '/users/1', 405, 'Method Not Allowed'),
        ('GET', '/tokens', 405, 'Method Not Allowed'),
        ('PUT', '/posts', 405, 'Method Not Allowed'),
        ('GET', '/users', 401, 'Unauthorized'),
    ],
)
@pytest.mark.parametrize('accept', [None, 'text/html', 'application/json'])
def test_errors_are_json(
    stranger: Program, method: str, path: str, status: int, error: str, accept: str | None
) -> None:
    headers = {} if accept is None else {'Accept': accept}
    response = stranger.open(method, path, headers=headers)
    assert response.status_code == status
    assert response.content_type == 'application/json'
    assert response.get_json() == {'error': error}
    assert ('Allow' in response.headers) == (status == 405)


NO_OBJECTS = [
    b'[]',
    b'[{"username": "x"}]',
    b'"text"',
    b'7',
    b'null',
    b'true',
    b'nonsense',
    b'{"username": "x"',
    b'{"username": NaN}',
    b'{"username": ' + b'9' * 5000 + b'}',
    b'[' * 60_000,
    b'{"a":' * 10_000,
    b'\xff\xfe\x00',
    b'{"username": "\xff"}',
    b'\x00',
    b' ',
]


@pytest.mark.parametrize('data', NO_OBJECTS, ids=lambda data: repr(data[:20]))
def test_bodies_that_are_no_object(stranger: Program, data: bytes) -> None:
    response = stranger.post('/users', data=data, content_type='application/json')
    assert response.status_code == 400
    assert response.get_json()['error'] == 'Bad Request'
    assert response.get_json()['message'] == MESSAGE


@pytest.mark.parametrize('data', NO_OBJECTS, ids=lambda data: repr(data[:20]))
def test_changing_with_no_object(program: Program, susan: User, data: bytes) -> None:
    response = program.put(f'/users/{susan.id}', data=data, content_type='application/json')
    assert response.status_code == 400
    assert response.get_json()['message'] == 'the body must be a JSON object'


def test_no_body_at_all(stranger: Program) -> None:
    for content_type in (None, 'application/json', 'text/plain'):
        response = stranger.post('/users', content_type=content_type)
        assert response.status_code == 400
        assert response.get_json()['message'] == MESSAGE


@pytest.mark.parametrize(
    'content_type',
    [
        'text/plain',
        'application/x-www-form-urlencoded',
        'multipart/form-data; boundary=x',
        'application/xml',
        'nonsense',
    ],
)
@pytest.mark.parametrize(
    'data',
    [
        b'{"username": "a", "email": "a@example.com", "password": "a good one"}',
        b'username=a&email=a@example.com&password=a+good+one',
    ],
)
def test_other_content_types(stranger: Program, content_type: str, data: bytes) -> None:
    response = stranger.post('/users', data=data, content_type=content_type)
    assert response.status_code == 400
    assert response.get_json() == {'error': 'Bad Request', 'message': MESSAGE}
    assert User.find('a') is None
    for right in ('application/json; charset=utf-8', 'application/vnd.api+json', None):
        assert stranger.post('/users', data=b'{}', content_type=right).status_code == 400


def test_a_huge_body(stranger: Program, program: Program) -> None:
    data = b'{"body": "' + b'x' * Config.MAX_CONTENT_LENGTH + b'"}'
    for path, sender in (('/users', stranger), ('/posts', program)):
        response = sender.post(path, data=data, content_type='application/json')
        assert response.status_code == 413
        assert response.get_json() == {'error': 'Request Entity Too Large'}


def test_depth_in_what_is_ignored(program: Program) -> None:
    deep = b'[' * 100 + b']' * 100
    data = b'{"body": "x", "other": ' + deep + b'}'
    response = program.post('/posts', data=data, content_type='application/json')
    assert response.status_code == 201


@pytest.fixture
def broken(make_app: Callable[..., Flask], program: Program) -> Program:
    """As in production, with a view that fails."""
    app = make_app(PROPAGATE_EXCEPTIONS=False)

    @app.route('/api/fail')
    def fail() -> str:
        raise RuntimeError('secret detail')

    return Program(app.test_client(), program.token)


def test_a_failure(broken: Program) -> None:
    response = broken.get('/fail')
    assert response.status_code == 500
    assert response.get_json() == {'error': 'Internal Server Error'}


def test_the_database_is_away(broken: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object, **__: object) -> None:
        raise OperationalError('SELECT', {}, NoServer('secret detail'))

    monkeypatch.setattr(User, 'check_token', away)
    response = broken.get('/users')
    assert response.status_code == 503
    assert response.get_json() == {'error': 'Service Unavailable'}
    assert response.headers['Retry-After'] == str(RETRY_AFTER)
    assert 'Retry-After' not in broken.get('/docs').headers


def test_no_session_is_read_or_set(app: Flask, susan: User) -> None:
    browser = app.test_client()
    data = {'username': 'susan', 'password': PASSWORD, 'remember_me': 'y'}
    browser.post('/auth/login', data=data)
    assert browser.get('/index').status_code == 200
    for path, status in {'/users': 401, '/users/me': 401, '/nothing': 404, '': 404}.items():
        response = browser.get(f'/api{path}')
        assert response.status_code == status
        assert 'Set-Cookie' not in response.headers
        assert 'Cookie' not in response.headers.get('Vary', '')
    browser.delete_cookie('session')  # "Remember Me" is left
    assert browser.get('/api/users/me').status_code == 401
    assert browser.get('/index').status_code == 200


def test_no_csrf_token_is_needed(make_app: Callable[..., Flask], program: Program) -> None:
    client = make_app(WTF_CSRF_ENABLED=True).test_client()
    assert Program(client, program.token).post('/posts', {'body': 'x'}).status_code == 201


def test_last_seen_is_about_the_pages(program: Program, susan: User) -> None:
    susan.last_seen = None
    db.session.commit()
    program.get('/users/me')
    assert susan.last_seen is None


def test_an_answer_that_is_known_already(program: Program, susan: User) -> None:
    post = program.post('/posts', {'body': 'x'}).get_json()['_links']['self'].removeprefix('/api')
    for path in ('/users/me', f'/users/{susan.id}', post):
        first = program.get(path)
        tag = first.headers['ETag']
        assert 'Authorization' in first.headers['Vary']
        second = program.get(path, headers={'If-None-Match': tag})
        assert (second.status_code, second.data, second.headers['ETag']) == (304, b'', tag)
        assert program.get(path, headers={'If-None-Match': '"other"'}).status_code == 200
    program.put(post, {'body': 'y'})
    assert program.get(post, headers={'If-None-Match': tag}).status_code == 200


def test_limits(make_app: Callable[..., Flask], program: Program, make_user: MakeUser) -> None:
    app = make_app(RATELIMIT_ENABLED=True)
    limited = Program(app.test_client(), program.token)
    response = limited.get('/users/me')
    assert response.headers['X-RateLimit-Limit'] == '300'
    assert response.headers['X-RateLimit-Remaining'] == '299'
    assert response.headers['X-RateLimit-Reset']
    for _ in range(30):
        assert limited.post('/posts', {'body': 'x'}).status_code == 201
    response = limited.post('/posts', {'body': 'x'})
    assert response.status_code == 429
    assert response.get_json() == {'error': 'Too Many Requests'}
    assert 0 < int(response.headers['Retry-After']) <= 60
    for _ in range(300):
        if limited.get('/users/me').status_code == 429:
            break
    else:
        pytest.fail('a token can do more than 300 requests a minute')
    # Neither another token of the same person nor another spelling of this one is worth more.
    again = program.client.post('/api/tokens', auth=('susan', PASSWORD)).get_json()['token']
    assert Program(app.test_client(), again).post('/posts', {'body': 'x'}).status_code == 429
    for spelling in (f'bEARER {program.token}', f'Bearer   {program.token} '):
        headers = {'Authorization': spelling}
        assert app.test_client().get('/api/users/me', headers=headers).status_code == 429
    other = make_user('other').get_token()
    db.session.commit()
    assert Program(app.test_client(), other).get('/users/me').status_code == 200


def test_an_address_has_a_limit_too(make_app: Callable[..., Flask], susan: User) -> None:
    client = make_app(RATELIMIT_ENABLED=True).test_client()
    statuses = [
        Program(client, f'token{number}').get('/users').status_code for number in range(601)
    ]
    assert set(statuses[:600]) == {401}
    assert statuses[600] == 429
