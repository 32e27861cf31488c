"""What is tried against accounts, attack by attack, through the pages and the API alone."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from itertools import product
from time import time_ns
from typing import Any

import pytest
from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from flask.testing import FlaskClient
from flask_login import encode_cookie
from sqlalchemy import func, select, update
from werkzeug.test import TestResponse

from app import db
from app.auth import registration
from app.database import utcnow
from app.extensions import mail
from app.models import ApiToken, Invitation, LoginSession, Passkey, User, passwords, second_factor
from app.models.api_token import SCOPES
from app.web import guesses, passkeys
from tests.api.conftest import PASSWORD, PASSWORD_HASH, Program
from tests.api.test_tokens import basic
from tests.auth.conftest import AtOnce, at_once  # noqa: F401 (a fixture)
from tests.authenticator import (
    ATTESTED,
    PRESENT,
    VERIFIED,
    Authenticator,
    give_passkey,
    options_for,
)
from tests.codes import code_of, give_codes
from tests.conftest import MakeUser, session_of
from tests.pages import csrf_token, flashes
from tests.statements import statements

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


def end_others(client: FlaskClient, _susan: User) -> None:
    other = log_in(client.application.test_client())
    other.post('/settings/devices', data={'others': '1'})


def deny_login(client: FlaskClient, susan: User) -> None:
    path = f'/auth/deny_login/{susan.get_deny_login_token()}'
    client.application.test_client().post(path)


ENDS = [log_out, change_password, reset_password, delete_account, end_others, deny_login]


@pytest.mark.parametrize('name', COOKIES)
@pytest.mark.parametrize('end', ENDS)
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
CODE_PAGE = '/auth/second_factor'


@pytest.fixture
def limited(make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch) -> Flask:
    """Everything is limited, and to look at a password takes no time."""
    monkeypatch.setattr(passwords, 'matches', lambda _hash, password: password == PASSWORD)
    return make_app(RATELIMIT_ENABLED=True)


def send_password(client: FlaskClient, address: str = '10.0.0.1') -> TestResponse:
    data = {'username': 'susan', 'password': PASSWORD}
    return client.post('/auth/login', data=data, environ_overrides={'REMOTE_ADDR': address})


def try_code(client: FlaskClient, way: str, code: str, address: str = '10.0.0.1') -> int:
    """Return 200 for a code that is right, 401 for a wrong one, 429 for too many."""
    environment: dict[str, Any] = {'environ_overrides': {'REMOTE_ADDR': address}}
    if way == 'api':
        headers = {**basic('susan', PASSWORD), 'X-OTP': code}
        return client.post('/api/tokens', headers=headers, **environment).status_code
    send_password(client, address)
    response = client.post(CODE_PAGE, data={'code': code}, **environment)
    client.get('/auth/logout')
    return {302: 200, 200: 401}.get(response.status_code, response.status_code)


@pytest.mark.parametrize('way', ['page', 'api'])
def test_codes_are_guessed_ten_times_from_one_address(
    limited: Flask, susan: User, way: str
) -> None:
    key, codes = give_codes(susan)
    client = limited.test_client()
    assert [try_code(client, way, '000000') for _ in range(11)] == [401] * 10 + [429]
    # Neither a right one, nor one of another kind, nor in another way.
    for right, other in [(code_of(key), 'page'), (codes[0], 'api')]:
        assert try_code(client, other, right) == 429
    assert try_code(client, way, code_of(key), '10.0.0.2') == 200


def test_codes_are_guessed_thirty_times_from_all_addresses_and_the_owner_gets_in(
    limited: Flask, susan: User
) -> None:
    key, codes = give_codes(susan)
    owner, stranger = limited.test_client(), limited.test_client()
    assert try_code(owner, 'page', codes[0]) == 200
    statuses = [try_code(stranger, 'api', '000000', f'10.1.{n}.1') for n in range(31)]
    assert statuses == [401] * 30 + [429]
    assert try_code(stranger, 'page', code_of(key), '10.2.0.1') == 429
    assert try_code(owner, 'page', code_of(key), '10.2.0.1') == 200


def test_codes_are_guessed_fifty_times_a_day(
    limited: Flask, susan: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guesses, 'ALL_STRANGERS', '1000 per hour')
    key, _ = give_codes(susan)
    stranger = limited.test_client()
    statuses = [try_code(stranger, 'api', '000000', f'10.1.{n}.1') for n in range(51)]
    assert statuses == [401] * 50 + [429]
    assert try_code(stranger, 'api', code_of(key), '10.2.0.1') == 429


def test_guessing_passwords_takes_no_guess_of_a_code_away(limited: Flask, susan: User) -> None:
    key, _ = give_codes(susan)
    client = limited.test_client()
    wrong = {'username': 'susan', 'password': 'a bad one'}
    assert {client.post('/auth/login', data=wrong).status_code for _ in range(9)} == {302}
    assert try_code(client, 'page', code_of(key), '127.0.0.1') == 200


@pytest.mark.parametrize(('first', 'second'), [*product(['page', 'api'], repeat=2)])
@pytest.mark.parametrize('kind', ['code', 'recovery code'])
def test_a_code_is_good_once(app: Flask, susan: User, kind: str, first: str, second: str) -> None:
    key, codes = give_codes(susan)
    code = code_of(key) if kind == 'code' else codes[0]
    assert try_code(app.test_client(), first, code) == 200
    assert try_code(app.test_client(), second, code) == 401


def test_after_a_code_those_before_it_are_good_no_more(app: Flask, susan: User) -> None:
    key, _ = give_codes(susan)
    client = app.test_client()
    assert try_code(client, 'page', code_of(key)) == 200
    assert try_code(client, 'page', code_of(key, ahead=-30)) == 401
    assert try_code(client, 'page', code_of(key, ahead=30)) == 200


@pytest.mark.parametrize('kind', ['code', 'recovery code'])
def test_of_two_who_show_one_code_at_once_one_gets_in(
    app: Flask,
    susan: User,
    kind: str,
    at_once: AtOnce,  # noqa: F811 (a fixture)
) -> None:
    key, codes = give_codes(susan)
    code = code_of(key) if kind == 'code' else codes[0]
    browsers = [app.test_client(), app.test_client()]
    for browser in browsers:
        send_password(browser)
    data = {'code': code}
    requests: list[Any] = [partial(browser.post, CODE_PAGE, data=data) for browser in browsers]
    answers = at_once(second_factor, 'plain_code', requests)
    assert sorted(answer.status_code for answer in answers) == [200, 302]
    assert sorted(browser.get('/index').status_code for browser in browsers) == [200, 302]


@pytest.mark.parametrize('way', ['page', 'api'])
def test_a_code_opens_nothing_under_a_password_that_was_set_meanwhile(
    app: Flask, susan: User, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    key, _ = give_codes(susan)
    use_code = User.use_code

    def change(self: User, code: str) -> bool:
        is_right = use_code(self, code)
        self.set_password('another one')
        return is_right

    monkeypatch.setattr(User, 'use_code', change)
    client = app.test_client()
    assert try_code(client, way, code_of(key)) == 401
    assert db.session.scalars(select(ApiToken)).all() == []


@pytest.mark.parametrize(
    'path',
    [
        '/index',
        '/settings',
        '/settings/second_factor',
        '/auth/change_password',
        '/auth/prove',
        '/auth/prove?next=/index',
        '/messages',
        '/user/susan',
    ],
)
def test_no_page_is_reached_without_the_second_step(app: Flask, susan: User, path: str) -> None:
    give_codes(susan)
    client = app.test_client()
    assert send_password(client).location == CODE_PAGE
    assert client.get(path).location.startswith('/auth/login?')
    posted = client.post(path, data={'current_password': PASSWORD, 'code': 'x'})
    assert posted.status_code == 405 or posted.location.startswith('/auth/login')


def test_half_a_login_is_nothing_to_the_api(app: Flask, susan: User) -> None:
    give_codes(susan)
    client = app.test_client()
    send_password(client)
    assert client.get('/api/users/me').status_code == 401
    refused = client.post('/api/tokens', headers=basic('susan', PASSWORD))
    assert refused.status_code == 401
    assert 'token' not in refused.get_json()


def test_half_a_login_opens_no_other_account(app: Flask, susan: User, make_user: MakeUser) -> None:
    give_codes(susan)
    key, codes = give_codes(make_user('john', PASSWORD))
    client = app.test_client()
    send_password(client)
    for code in (code_of(key), codes[0]):
        assert client.post(CODE_PAGE, data={'code': code}).status_code == 200
    assert client.get('/index').status_code == 302


@pytest.mark.parametrize('page', ['https://evil.example/', '//evil.example', 'javascript:alert()'])
def test_the_second_step_leads_to_no_other_site(app: Flask, susan: User, page: str) -> None:
    key, _ = give_codes(susan)
    client = app.test_client()
    send_password(client)
    answer = client.post(f'{CODE_PAGE}?next={page}', data={'code': code_of(key)})
    assert answer.location == '/index'


def owner_with_passkey(app: Flask, **kind: bool) -> Authenticator:
    """A passkey of susan, made in a browser that is logged in."""
    return give_passkey(log_in(app.test_client()), **kind)


def show(client: FlaskClient, answer: str, path: str = '/auth/login') -> TestResponse:
    return client.post(path, data={'credential': answer})


@pytest.mark.parametrize('counts', [True, False])
def test_an_answer_of_a_passkey_is_good_once(app: Flask, susan: User, counts: bool) -> None:
    """Also for whoever has a copy of the cookie with the challenge."""
    device = owner_with_passkey(app, counts=counts)
    client = app.test_client()
    answer = device.show(options_for(client))
    thief = copied(client, 'session')
    assert show(client, answer).location == '/index'
    assert is_in(client)
    client.get('/auth/logout')
    for browser in (client, thief):
        assert show(browser, answer).location == '/auth/login'
        assert not is_in(browser)
    # A new challenge is another one.
    options_for(thief)
    assert show(thief, answer).location == '/auth/login'
    assert show(client, device.show(options_for(client))).location == '/index'


def test_of_two_who_show_one_answer_at_once_one_gets_in(
    app: Flask,
    susan: User,
    at_once: AtOnce,  # noqa: F811 (a fixture)
) -> None:
    device = owner_with_passkey(app, counts=False)
    client = app.test_client()
    answer = device.show(options_for(client))
    browsers = [client, copied(client, 'session')]
    data = {'credential': answer}
    requests: list[Any] = [partial(browser.post, '/auth/login', data=data) for browser in browsers]
    at_once(passkeys, 'base64url_to_bytes', requests)
    assert sorted(is_in(browser) for browser in browsers) == [False, True]


FALSE_ANSWERS: dict[str, dict[str, Any]] = {
    'of another site': {'origin': 'https://evil.example'},
    'of another port': {'origin': 'http://localhost:5001'},
    'by TLS': {'origin': 'https://localhost'},
    'of a subdomain': {'origin': 'http://evil.localhost'},
    'for another domain': {'domain': 'evil.example'},
    'without the person verified': {'flags': PRESENT},
    'without anybody present': {'flags': VERIFIED},
}


@pytest.mark.parametrize('what', FALSE_ANSWERS)
def test_an_answer_that_is_not_for_this_site_or_this_person(
    app: Flask, susan: User, what: str
) -> None:
    device = owner_with_passkey(app)
    client = app.test_client()
    answer = device.show(options_for(client), **FALSE_ANSWERS[what])
    assert show(client, answer).location == '/auth/login'
    [message] = flashes(client.get('/auth/login'))
    assert message == 'This passkey was not accepted. Please try again.'
    assert not is_in(client)


@pytest.mark.parametrize('what', FALSE_ANSWERS)
def test_a_passkey_that_is_made_elsewhere_is_none(app: Flask, susan: User, what: str) -> None:
    owner = log_in(app.test_client())
    false = {**FALSE_ANSWERS[what]}
    if 'flags' in false:
        false['flags'] |= ATTESTED
    answer = Authenticator().make(options_for(owner, '/settings/passkeys/options'), **false)
    show(owner, answer, '/settings/passkeys')
    assert susan.passkeys() == []


def test_what_a_request_claims_as_the_site_is_not_believed(
    make_app: Callable[..., Flask], susan: User
) -> None:
    app = make_app(SITE_URL='https://microblog.example')
    client = app.test_client()
    answer = client.post('/auth/passkey_options', headers={'Host': 'evil.example'})
    assert answer.get_json()['rpId'] == 'microblog.example'
    nowhere = (
        make_app().test_client().post('/auth/passkey_options', headers={'Host': 'evil.example'})
    )
    assert nowhere.status_code == 404
    number = make_app().test_client().post('/auth/passkey_options', headers={'Host': '127.0.0.1'})
    assert number.status_code == 404


def test_a_device_that_has_been_copied_is_noticed(app: Flask, susan: User) -> None:
    device = owner_with_passkey(app)
    client = app.test_client()
    assert show(client, device.show(options_for(client))).location == '/index'
    device.count -= 1  # the copy has not heard of that
    thief = app.test_client()
    assert show(thief, device.show(options_for(thief))).location == '/auth/login'
    assert not is_in(thief)


def test_a_challenge_is_for_five_minutes_and_for_one_thing(
    app: Flask, susan: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = owner_with_passkey(app)
    client = app.test_client()
    answer = device.show(options_for(client))
    later = time_ns() + 5 * 60 * 10**9
    with monkeypatch.context() as patch:
        patch.setattr(passkeys, 'time_ns', lambda: later)
        assert show(client, answer).location == '/auth/login'
    owner = log_in(app.test_client())
    made_with = options_for(owner, '/auth/passkey_options')
    options = {**made_with, 'user': {'id': 'MQ'}}
    show(owner, Authenticator().make(options), '/settings/passkeys')
    assert len(susan.passkeys()) == 1


def test_another_accounts_passkey(app: Flask, susan: User, make_user: MakeUser) -> None:
    john = make_user('john', password_hash=PASSWORD_HASH)
    give_codes(susan)
    susan_id = str(susan.id).encode()
    john_in = app.test_client()
    log_in(john_in, username='john')
    device = give_passkey(john_in)
    # In place of susan's code.
    client = app.test_client()
    send_password(client)
    assert show(client, device.show(options_for(client)), CODE_PAGE).location == CODE_PAGE
    assert not is_in(client)
    # With her name in it.
    answer = device.show(options_for(client), handle=susan_id)
    assert show(client, answer).location == '/auth/login'
    # In place of her password, where that is asked for again.
    browser = app.test_client()
    with browser.session_transaction() as session:
        session['_user_id'] = session_of(susan)
    answer = device.show(options_for(browser))
    assert show(browser, answer, '/auth/prove').location == '/auth/prove'
    assert browser.get('/settings/passkeys').location.startswith('/auth/prove')
    # She can neither see nor change it, and nobody can take it over.
    browser = app.test_client()
    assert show(browser, device.show(options_for(browser))).location == '/index'
    [passkey] = john.passkeys()
    make_user('mary', password_hash=PASSWORD_HASH)
    mary = log_in(app.test_client(), username='mary')
    path = f'/settings/passkeys/{passkey.id}'
    assert mary.get(path).status_code == 404
    assert mary.post(path, data={'remove': 'y'}).status_code == 404
    again = device.make(options_for(mary, '/settings/passkeys/options'))
    show(mary, again, '/settings/passkeys')
    assert [passkey.user_id for passkey in db.session.scalars(select(Passkey))] == [john.id]


@pytest.mark.parametrize(
    'answer',
    [
        '',
        'x',
        '[]',
        'null',
        '{}',
        '[' * 15_000,
        '{"id": 1}',
        '{"id": "\\u0000", "rawId": "\\u0000", "type": "public-key", "response": {}}',
        '{"id": "\\ud800", "rawId": "AA", "type": "public-key", "response": {"clientDataJSON": "A",'
        ' "authenticatorData": "AA", "signature": "AA", "attestationObject": "AA"}}',
        '{"id": "AA", "rawId": "AA", "type": "public-key", "response": {"clientDataJSON": "e30",'
        ' "authenticatorData": "AA", "signature": "AA", "attestationObject": "v_8"}}',
    ],
)
def test_what_is_no_answer(app: Flask, susan: User, answer: str) -> None:
    owner_with_passkey(app)
    client = app.test_client()
    options_for(client)
    assert show(client, answer).location == '/auth/login'
    owner = log_in(client)
    options_for(owner, '/settings/passkeys/options')
    assert show(owner, answer, '/settings/passkeys').location == '/settings/passkeys'
    assert len(susan.passkeys()) == 1


@pytest.mark.parametrize('part', ['clientDataJSON', 'authenticatorData', 'signature', 'userHandle'])
def test_an_answer_that_was_changed(app: Flask, susan: User, part: str) -> None:
    device = owner_with_passkey(app)
    client = app.test_client()
    for change in (lambda text: text[:-4], lambda text: 'AAAA' + text[4:], lambda text: ''):
        answer = json.loads(device.show(options_for(client)))
        answer['response'][part] = change(answer['response'][part])
        if part == 'userHandle' and not answer['response'][part]:
            continue  # to leave it out is allowed
        assert show(client, json.dumps(answer)).location == '/auth/login'
        assert not is_in(client)


def test_passkeys_are_added_and_removed_with_a_proof_alone(app: Flask, susan: User) -> None:
    owner_with_passkey(app)
    [passkey] = susan.passkeys()
    client = app.test_client()
    with client.session_transaction() as session:
        session['_user_id'] = session_of(susan)
    path = f'/settings/passkeys/{passkey.id}'
    for attempt in (
        client.get('/settings/passkeys'),
        client.post('/settings/passkeys/options'),
        client.post('/settings/passkeys', data={'credential': 'x'}),
        client.post(path, data={'remove': 'y'}),
        client.post(path, data={'name': 'x'}),
    ):
        assert attempt.location.startswith('/auth/prove?')
    assert [found.id for found in susan.passkeys()] == [passkey.id]


# Registering, mails and passwords.


def register(client: FlaskClient, way: str, name: str, **fields: str) -> TestResponse:
    typed = {'username': name, 'email': f'{name}@example.com', 'password': PASSWORD, **fields}
    if way == 'page':
        return client.post('/auth/register', data={'password2': PASSWORD, **typed})
    return client.post('/api/users', json=typed)


def is_registered(response: TestResponse) -> bool:
    return response.status_code in (201, 302)


@pytest.fixture
def public_app(make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch) -> Flask:
    monkeypatch.setattr(registration, 'QUICKEST', 0)
    # What is mailed is mailed beside the answer (tests/auth/test_confirmation.py).
    monkeypatch.setattr(registration, 'in_background', lambda *_: None)
    return make_app(CONFIRM_EMAIL=True)


@pytest.mark.parametrize('way', ['page', 'program'])
def test_a_known_address_looks_like_any_other(public_app: Flask, susan: User, way: str) -> None:
    seen = []
    for address in ('new@example.com', 'susan@example.com'):
        client = public_app.test_client()
        with public_app.app_context(), statements() as done:
            response = register(client, way, 'someone', email=address)
        answer = response.status_code, response.location, sorted(response.headers.keys())
        said = flashes(client.get('/auth/login')) if way == 'page' else response.get_json().keys()
        # The account is there in both cases, and the name is taken.
        token = client.post('/api/tokens', auth=('someone', PASSWORD)).get_json()['token']
        headers = {'Authorization': f'Bearer {token}'}
        own = client.get('/api/users/me', headers=headers).get_json()
        assert own['email'] == address
        shown = [own.keys(), client.get('/api/posts', headers=headers).status_code]
        again = register(client, way, 'someone', email='other@example.com')
        seen.append((answer, list(said), shown, again.status_code, len(done)))
        user = User.find('someone')
        assert user is not None
        db.session.delete(user)
        db.session.commit()
    # Ids go on, so the address of the new entry is another.
    new, known = ((*one[0][:1], *one[0][2:], *one[1:]) for one in seen)
    assert new == known


def test_a_mail_is_asked_for_a_thousand_times(
    make_app: Callable[..., Flask], susan: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_app(RATELIMIT_ENABLED=True)
    monkeypatch.setattr('app.auth.reset.in_background', lambda job, *args: job(*args))
    monkeypatch.setattr('app.email.in_background', lambda job, *args: job(*args))
    with mail.record_messages() as outbox:
        for number in range(1000):
            app.test_client().post(
                '/auth/reset_password_request',
                data={'email': 'SUSAN@example.com'},
                environ_base={'REMOTE_ADDR': f'10.0.{number // 250}.{number % 250}'},
            )
    assert len(outbox) == 3


def test_fifty_accounts_from_one_address(make_app: Callable[..., Flask]) -> None:
    app = make_app(RATELIMIT_ENABLED=True)
    answers = [
        register(app.test_client(), way, f'bot{number}{way}')
        for number in range(25)
        for way in ('page', 'program')
    ]
    assert [is_registered(answer) for answer in answers] == [True] * 10 + [False] * 40
    assert answers[-1].status_code == 429
    elsewhere = app.test_client()
    elsewhere.environ_base['REMOTE_ADDR'] = '10.0.0.9'
    assert is_registered(register(elsewhere, 'page', 'mary'))


@pytest.mark.parametrize('demanded', [False, True])
def test_a_bot_fills_in_everything(make_app: Callable[..., Flask], demanded: bool) -> None:
    client = make_app(CONFIRM_EMAIL=demanded).test_client()
    assert not is_registered(register(client, 'page', 'bot', website='https://spam.example'))
    # Without having seen the form, and at once, on a site that is open to all the world.
    assert is_registered(register(client, 'page', 'quick')) == (not demanded)
    page = client.get('/auth/register').text
    shown = re.search(r'name="shown"[^>]* value="([^"]+)"', page)
    assert shown is not None
    quick = register(client, 'page', 'eager', shown=shown[1])
    assert is_registered(quick) == (not demanded)
    if demanded:
        assert 'Please send it once more.' in quick.text
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(registration, 'time', lambda: time_ns() / 1e9 + 2)
            assert is_registered(register(client, 'page', 'eager', shown=shown[1]))
            forged = register(client, 'page', 'forger', shown=f'{shown[1]}x')
            assert not is_registered(forged)


@pytest.mark.parametrize('way', ['page', 'program'])
@pytest.mark.parametrize('password', ['password', 'Qwerty123', 'bob12345', 'microblog', 'bob@bob'])
def test_a_password_that_everybody_tries(client: FlaskClient, way: str, password: str) -> None:
    response = register(client, way, 'bob', password=password, password2=password)
    assert not is_registered(response)
    assert User.find('bob') is None


@pytest.mark.parametrize('way', ['page', 'program'])
def test_of_two_at_once_one_uses_an_invitation(
    make_app: Callable[..., Flask],
    app: Flask,
    at_once: AtOnce,  # noqa: F811 (the fixture)
    way: str,
) -> None:
    del app
    invited = make_app(REGISTRATION='invite')
    code = Invitation.make(None, 1, 1)
    db.session.commit()
    requests: list[Callable[[], TestResponse]] = [
        partial(register, invited.test_client(), way, name, invitation=code)
        for name in ('one', 'two')
    ]
    answers = at_once(User, 'find', requests)
    assert sorted(is_registered(answer) for answer in answers) == [False, True]
    assert db.session.scalar(select(func.count()).select_from(User)) == 1
    assert db.session.scalar(select(Invitation.used)) == 1


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
