"""What is tried against accounts, attack by attack, through the pages and the API alone."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from flask.testing import FlaskClient
from flask_login import encode_cookie
from sqlalchemy import func, select, update

from app import db
from app.database import utcnow
from app.models import ApiToken, LoginSession, User
from app.models.api_token import SCOPES
from tests.api.conftest import PASSWORD, PASSWORD_HASH, Program
from tests.conftest import MakeUser, session_of
from tests.pages import csrf_token

COOKIES = ['session', 'remember_token']
HOURS, DAYS = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def susan(make_user: MakeUser) -> User:
    return make_user('susan', password_hash=PASSWORD_HASH)


def log_in(client: FlaskClient, **form: str) -> FlaskClient:
    client.post('/auth/login', data={'username': 'susan', 'password': PASSWORD, **form})
    return client


def is_in(client: FlaskClient) -> bool:
    """Tell whether a browser is logged in. Who is not is led to the login page."""
    response = client.get('/edit_profile')
    assert response.status_code == 200 or response.location.startswith('/auth/login')
    return response.status_code == 200


def copied(client: FlaskClient, name: str) -> FlaskClient:
    """Another browser, with one of the cookies."""
    cookie = client.get_cookie(name)
    assert cookie is not None
    thief = client.application.test_client()
    thief.set_cookie(name, cookie.value)
    return thief


def with_session(app: Flask, cookie: dict[str, object], key: str | None = None) -> FlaskClient:
    """A browser with a session that is signed, with the site's own key or another one."""
    signer = Flask('any')
    signer.secret_key = key or app.secret_key
    serializer = SecureCookieSessionInterface().get_signing_serializer(signer)
    assert serializer
    client = app.test_client()
    client.set_cookie('session', str(serializer.dumps(cookie)))
    return client


# Sessions and cookies.


def log_out(client: FlaskClient, _susan: User) -> None:
    client.get('/auth/logout')


def change_password(client: FlaskClient, _susan: User) -> None:
    form = {'current_password': PASSWORD, 'password': 'a new one!', 'password2': 'a new one!'}
    assert client.post('/auth/change_password', data=form).location != '/auth/login'


def reset_password(client: FlaskClient, susan: User) -> None:
    path = f'/auth/reset_password/{susan.get_reset_password_token()}'
    form = {'password': 'a new one!', 'password2': 'a new one!'}
    client.application.test_client().post(path, data=form)


def delete_account(client: FlaskClient, _susan: User) -> None:
    token = client.post('/api/tokens', auth=('susan', PASSWORD)).get_json()['token']
    headers = {'Authorization': f'Bearer {token}'}
    client.delete('/api/users/me', json={'password': PASSWORD}, headers=headers)


@pytest.mark.parametrize('name', COOKIES)
@pytest.mark.parametrize('end', [log_out, change_password, reset_password, delete_account])
def test_a_copied_cookie_ends_with_its_session(
    client: FlaskClient, susan: User, end: Callable[[FlaskClient, User], None], name: str
) -> None:
    log_in(client, remember_me='y')
    thief = copied(client, name)
    assert is_in(thief)
    end(client, susan)
    assert not is_in(thief)
    assert is_in(client) == (end is change_password)


def test_logging_out_in_one_browser_ends_no_other(app: Flask, susan: User) -> None:
    laptop, phone = (log_in(app.test_client()) for _ in range(2))
    laptop.get('/auth/logout')
    assert not is_in(laptop)
    assert is_in(phone)


@pytest.mark.parametrize('name', COOKIES)
def test_keys_of_nobody(app: Flask, susan: User, make_user: MakeUser, name: str) -> None:
    """Also such as were signed with the site's own key."""
    john = make_user('john')
    own = session_of(susan)
    number, _, key = own.partition('-')
    others = [
        f'{john.id}-{key}',
        key,
        number,
        f'{number}-',
        own[:-1],
        own.upper(),
        '',
        '\0',
    ]
    # What cookies held before sessions were rows.
    others.append(f'{susan.id}-{susan.password_mark()}')

    def browser(session_id: str) -> FlaskClient:
        if name == 'session':
            return with_session(app, {'_user_id': session_id, '_fresh': True})
        client = app.test_client()
        client.set_cookie(name, encode_cookie(session_id, app.config['SECRET_KEY']))
        return client

    assert is_in(browser(own))
    assert [other for other in others if is_in(browser(other))] == []


def test_a_cookie_that_was_signed_with_another_key(app: Flask, susan: User) -> None:
    forged = with_session(app, {'_user_id': session_of(susan)}, key='the key of somebody else')
    assert not is_in(forged)
    remembered = app.test_client()
    cookie = encode_cookie(session_of(susan), 'the key of somebody else')
    remembered.set_cookie('remember_token', cookie)
    assert not is_in(remembered)


def test_a_session_that_was_planted_is_not_the_one_of_the_login(app: Flask, susan: User) -> None:
    """Fixation: the attacker has the same cookie as the victim, before the login."""
    victim = app.test_client()
    victim.get('/auth/login')
    attacker = copied(victim, 'session') if victim.get_cookie('session') else app.test_client()
    planted = with_session(app, {'_user_id': f'{susan.id}-planted', '_fresh': True})
    log_in(victim)
    log_in(planted)
    assert not is_in(attacker)
    assert not is_in(with_session(app, {'_user_id': f'{susan.id}-planted'}))
    with planted.session_transaction() as session:
        first = session['_user_id']
    log_out(planted, susan)
    log_in(planted)
    with planted.session_transaction() as session:
        assert session['_user_id'] not in (first, f'{susan.id}-planted')


def test_nobody_is_logged_in_by_another_site(make_app: Callable[..., Flask], susan: User) -> None:
    client = make_app(WTF_CSRF_ENABLED=True).test_client()
    form = {'username': 'susan', 'password': PASSWORD}
    assert client.post('/auth/login', data=form).status_code == 400
    stranger = make_app(WTF_CSRF_ENABLED=True).test_client()
    token = csrf_token(stranger, '/auth/login')
    assert client.post('/auth/login', data={**form, 'csrf_token': token}).status_code == 400
    assert not is_in(client)


@pytest.mark.parametrize(
    'target',
    [
        'https://evil.example/',
        '//evil.example',
        '/\\evil.example',
        '/\t/evil.example',
        'javascript:alert(1)',
        'evil.example',
    ],
)
def test_a_login_leads_to_no_other_site(client: FlaskClient, susan: User, target: str) -> None:
    form = {'username': 'susan', 'password': PASSWORD}
    response = client.post('/auth/login', query_string={'next': target}, data=form)
    assert response.location == '/index'


@pytest.mark.parametrize(
    ('remembered', 'age', 'rest', 'is_good'),
    [
        (False, 11 * HOURS, 11 * HOURS, True),
        (False, 13 * HOURS, 13 * HOURS, False),
        (False, 80 * DAYS, HOURS, True),
        (False, 91 * DAYS, HOURS, False),
        (True, 29 * DAYS, 29 * DAYS, True),
        (True, 31 * DAYS, 31 * DAYS, False),
        (True, 89 * DAYS, HOURS, True),
        (True, 91 * DAYS, timedelta(), False),
    ],
)
def test_a_session_neither_rests_nor_lasts_for_ever(
    client: FlaskClient,
    susan: User,
    remembered: bool,
    age: timedelta,
    rest: timedelta,
    is_good: bool,
) -> None:
    log_in(client, **({'remember_me': 'y'} if remembered else {}))
    _turn_back(age, rest)
    assert is_in(client) == is_good
    log_in(client)
    sessions = select(func.count()).select_from(LoginSession)
    # A new login removes what is dead.
    assert db.session.scalar(sessions) == 1


def _turn_back(age: timedelta, rest: timedelta) -> None:
    now = utcnow()
    db.session.execute(update(LoginSession).values(created=now - age, last_used=now - rest))
    db.session.commit()


@pytest.mark.parametrize(
    ('path', 'keeps'),
    [('/index', True), ('/notifications', False), ('/tasks/x', False), ('/static/x', False)],
)
def test_what_a_page_asks_for_by_itself_keeps_nothing_alive(
    client: FlaskClient, susan: User, path: str, keeps: bool
) -> None:
    log_in(client)
    _turn_back(11 * HOURS, 11 * HOURS)
    client.get(path)
    last_used = db.session.scalars(select(LoginSession.last_used)).one()
    _turn_back(13 * HOURS, utcnow() - last_used + 2 * HOURS)
    assert is_in(client) == keeps


# Codes and passkeys.

# Registering, mails and passwords.

# Tokens, data and leaving.


def operations(client: FlaskClient) -> list[tuple[str, str, list[str]]]:
    """Each operation of the API that wants a token: method, path, and the scopes it names."""
    paths: Any = client.get('/api/openapi.json').get_json()['paths']
    return [
        (method.upper(), path.replace('{id}', '1').replace('{word}', 'x'), scopes)
        for path, found in paths.items()
        for method, operation in found.items()
        for way in operation.get('security', [])
        for name, scopes in way.items()
        if name == 'token_auth'
    ]


@pytest.mark.parametrize('scope', SCOPES)
def test_a_token_does_nothing_beyond_its_scope(app: Flask, make_user: MakeUser, scope: str) -> None:
    susan = make_user('susan')
    rest = [one for one in SCOPES if one != scope]
    program = Program(app.test_client(), susan.make_token('x', rest, None))
    db.session.commit()
    refused = 0
    for method, path, wanted in operations(app.test_client()):
        assert wanted, f'{method} {path} says no scope'
        assert {*wanted} <= {*SCOPES}
        if wanted == [scope]:
            response = program.open(method, path.removeprefix('/api'), {})
            assert response.status_code == 403, (method, path)
            assert response.get_json()['message'] == f'this token lacks the scope {scope}'
            refused += 1
    assert refused


@pytest.mark.parametrize('how', ['expired', 'ended', 'of a deleted account', 'of an old password'])
def test_a_dead_token_does_nothing(app: Flask, make_user: MakeUser, how: str) -> None:
    susan = make_user('susan')
    program = Program(app.test_client(), susan.make_token('x', SCOPES, None))
    db.session.commit()
    token = db.session.scalars(select(ApiToken)).one()
    if how == 'expired':
        token.expiration = utcnow() - timedelta(seconds=1)
    elif how == 'ended':
        susan.end_token(token.id)
    elif how == 'of an old password':
        susan.set_password('another one')
    else:
        db.session.delete(susan)
    db.session.commit()
    for method, path, _scopes in operations(app.test_client()):
        response = program.open(method, path.removeprefix('/api'), {})
        assert response.status_code == 401, (method, path)


def test_nobody_ends_the_token_of_another(app: Flask, make_user: MakeUser, log_in: Any) -> None:
    susan, john = make_user('susan'), make_user('john')
    token = susan.make_token('x', SCOPES, None)
    db.session.commit()
    for id_ in (db.session.scalars(select(ApiToken.id)).one(), 2**31, 10**30):
        assert log_in(john).post(f'/settings/tokens/{id_}/end').status_code == 404
    assert User.check_token(token) == susan
