"""Passwords that are tried: nobody guesses one, and nobody keeps an owner out."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import db
from app.models import User, passwords
from tests.api.conftest import Program
from tests.api.test_tokens import basic
from tests.auth.conftest import wait_for_threads
from tests.conftest import MakeUser, session_of
from tests.pages import flashes, heading
from tests.servers import running_redis

PASSWORD = 'a good one'
WRONG = 'a bad one'
Try = Callable[..., int]
WAYS = ['page', 'api']


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The passwords that were compared, which here costs no time."""
    tried: list[str] = []

    def check(password_hash: str | None, password: str) -> bool:
        tried.append(password)
        return password_hash is not None and password == PASSWORD

    monkeypatch.setattr(passwords, 'matches', check)
    return tried


@pytest.fixture(params=['file', 'Redis'])
def limited(
    request: pytest.FixtureRequest, make_app: Callable[..., Flask], tmp_path: Path, tried: list[str]
) -> Iterator[Flask]:
    if request.param == 'file':
        yield make_app(RATELIMIT_ENABLED=True)
    else:
        with running_redis(tmp_path) as url:
            yield make_app(RATELIMIT_ENABLED=True, RATELIMIT_STORAGE_URI=url)


@pytest.fixture(autouse=True)
def susan(make_user: MakeUser) -> User:
    return make_user('susan', PASSWORD)


def log_in(
    client: FlaskClient,
    password: str = PASSWORD,
    address: str = '10.0.0.1',
    username: str = 'susan',
    way: str = 'page',
) -> int:
    """Return 200 for a login, 401 for none, 429 for too many; a client stays logged out."""
    environment: dict[str, Any] = {'environ_overrides': {'REMOTE_ADDR': address}}
    if way == 'api':
        return client.post(
            '/api/tokens', headers=basic(username, password), **environment
        ).status_code
    fields = {'username': username, 'password': password}
    response = client.post('/auth/login', data=fields, **environment)
    client.get('/auth/logout')
    if response.status_code == 429:
        assert heading(response) == 'Too Many Requests'
        assert 0 < int(response.headers['Retry-After']) <= 3600
        return 429
    return 200 if response.location == '/index' else 401


def guesses(client: FlaskClient, number: int, **kwargs: str) -> list[int]:
    return [log_in(client, WRONG, **kwargs) for _ in range(number)]


@pytest.mark.parametrize('ways', [['page'], ['api'], ['page', 'api']])
@pytest.mark.parametrize('name', ['susan', 'nobody'])
def test_ten_guesses_close_an_account_to_an_address_and_to_nobody_else(
    limited: Flask, make_user: MakeUser, tried: list[str], ways: list[str], name: str
) -> None:
    make_user('john', PASSWORD)
    client = limited.test_client()
    for number in range(10):
        [status] = guesses(client, 1, username=name.upper(), way=ways[number % len(ways)])
        assert status == 401
    tried.clear()
    for way in WAYS:
        assert log_in(client, username=name, way=way) == 429
    assert tried == []
    for way in WAYS:
        assert log_in(client, username='john', way=way) == 200
        expected = 200 if name == 'susan' else 401
        assert log_in(client, address='10.0.0.2', username=name, way=way) == expected


def test_what_is_right_does_not_count(limited: Flask) -> None:
    client = limited.test_client()
    assert guesses(client, 9) == [401] * 9
    for number in range(20):
        assert log_in(client, way=WAYS[number % 2]) == 200
    program = limited.test_client()
    assert guesses(program, 2) == [401, 429]


def test_guesses_at_the_same_moment_all_count(limited: Flask, tried: list[str]) -> None:
    def guess(number: int) -> int:
        return log_in(limited.test_client(), WRONG, way=WAYS[number % 2])

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(guess, range(40)))
    assert (statuses.count(401), statuses.count(429)) == (10, 30)
    assert len(tried) == 10


def test_an_ipv6_customer_is_one_address(limited: Flask) -> None:
    client = limited.test_client()
    for number in range(10):
        assert log_in(client, WRONG, f'2001:db8:1:2:{number}::1') == 401
    assert log_in(client, address='2001:db8:1:2:ffff::1') == 429
    assert log_in(client, address='2001:db8:1:3::1') == 200


def test_one_address_cannot_try_a_password_with_all_names(limited: Flask) -> None:
    client = limited.test_client()
    statuses = [log_in(client, WRONG, username=f'u{number}', way='api') for number in range(60)]
    assert statuses == [401] * 60
    assert log_in(client, WRONG, '10.0.0.2', username='u60', way='api') == 401
    assert log_in(client, way='api') == 429


def close_to_strangers(app: Flask) -> int:
    """Guess from many addresses until nobody is let in; return how many were looked at."""
    stranger = app.test_client()
    number = 0
    while log_in(stranger, WRONG, f'10.1.{number // 5}.1', way=WAYS[number % 2]) != 429:
        number += 1
        assert number <= 100
    assert log_in(stranger, address='10.2.0.1') == 429
    return number


def test_a_browser_that_has_logged_in_before_does_so_whatever_strangers_do(
    limited: Flask, make_user: MakeUser
) -> None:
    make_user('john', PASSWORD)
    browser = limited.test_client()
    assert log_in(browser) == 200
    assert log_in(browser, username='john') == 200
    assert close_to_strangers(limited) == 30
    # From their very address, too.
    for name in ('susan', 'SUSAN', 'john'):
        assert log_in(browser, username=name, address='10.1.0.1') == 200
    # One that has logged in to another account is a stranger.
    other = limited.test_client()
    assert log_in(other, username='john') == 200
    assert log_in(other) == 429


def test_a_browser_is_known_by_the_link_that_was_mailed(limited: Flask, susan: User) -> None:
    close_to_strangers(limited)
    browser = limited.test_client()
    assert log_in(browser) == 429
    with limited.app_context():
        path = f'/auth/reset_password/{susan.get_reset_password_token()}'
    fields = {'password': PASSWORD, 'password2': PASSWORD}
    assert browser.post(path, data=fields).status_code == 302
    assert log_in(browser) == 200


@pytest.mark.parametrize('way', ['change', 'elsewhere'])
def test_a_new_password_makes_strangers_of_all_browsers_but_the_one_that_set_it(
    limited: Flask, susan: User, way: str
) -> None:
    browser, other = limited.test_client(), limited.test_client()
    assert log_in(browser) == log_in(other) == 200
    other.post('/auth/login', data={'username': 'susan', 'password': PASSWORD})
    if way == 'change':
        new = {'current_password': PASSWORD, 'password': PASSWORD, 'password2': PASSWORD}
        assert other.post('/auth/change_password', data=new).status_code == 302
        other.get('/auth/logout')
    else:
        susan.set_password(PASSWORD)
        db.session.commit()
    close_to_strangers(limited)
    assert log_in(browser) == 429
    assert log_in(other) == (200 if way == 'change' else 429)


def test_a_hundred_guesses_an_hour_whoever_guesses(limited: Flask, susan: User) -> None:
    """Two windows may meet in an hour: in each, half of that."""
    browsers = [limited.test_client() for _ in range(4)]
    assert [log_in(browser) for browser in browsers] == [200] * 4
    looked_at = close_to_strangers(limited)
    assert guesses(browsers[0], 11) == [401] * 10 + [429]
    # Nor does one browser keep another one out.
    assert log_in(browsers[1]) == 200
    for browser in browsers:
        looked_at += guesses(browser, 11).count(401)
    looked_at += 10
    token = susan.get_token()
    db.session.commit()
    program = Program(limited.test_client(), token)
    answer = program.delete('/users/me', {'password': WRONG})
    looked_at += answer.status_code != 429
    assert looked_at * 2 <= 100


def test_those_who_are_logged_in_and_guess_the_password_count_together(
    limited: Flask, susan: User
) -> None:
    token = susan.get_token()
    db.session.commit()
    program, page = Program(limited.test_client(), token), limited.test_client()
    with page.session_transaction() as session:
        session['_user_id'] = session_of(susan)

    new = {'password': 'another one', 'password2': 'another one'}
    email = 'new@example.com'

    def change_password() -> bool:
        fields = {'current_password': WRONG, **new}
        return page.post('/auth/change_password', data=fields).status_code == 429

    def change_email() -> bool:
        fields = {'current_password': WRONG, 'email': email}
        return page.post('/auth/change_email', data=fields).status_code == 429

    def api_change_password() -> bool:
        data = {'current_password': WRONG, 'password': 'another one'}
        return program.put('/users/me/password', data).status_code == 429

    def api_change_email() -> bool:
        data = {'current_password': WRONG, 'email': email}
        return program.put(f'/users/{susan.id}', data).status_code == 429

    def api_delete() -> bool:
        return program.delete('/users/me', {'password': WRONG}).status_code == 429

    ways = [change_password, change_email, api_change_password, api_change_email, api_delete]
    assert [way() for way in ways * 2] == [False] * 10
    assert [way() for way in ways] == [True] * 5
    assert db.session.get(User, susan.id) is not None
    for way in WAYS:
        assert log_in(limited.test_client(), way=way) == 200


@pytest.fixture
def one(make_app: Callable[..., Flask], tried: list[str]) -> Flask:
    return make_app(RATELIMIT_ENABLED=True)


def cookie_of(client: FlaskClient, path: str = '/auth') -> Any:
    return client.get_cookie('known_browser', path=path)


def test_the_cookie(one: Flask, susan: User) -> None:
    client = one.test_client()
    guesses(client, 1)
    assert cookie_of(client) is None
    log_in(client)
    cookie = cookie_of(client)
    assert cookie.http_only
    assert cookie.same_site == 'Lax'
    assert not cookie.secure
    assert cookie.max_age == 365 * 24 * 3600
    assert re.fullmatch(rf'{susan.id}-[0-9a-f]{{16}}-[0-9a-f]{{16}}', cookie.value)
    number = cookie.value.split('-')[1]
    log_in(client)
    assert cookie_of(client).value.split('-')[1] == number


def test_the_cookie_of_an_https_site_under_a_path(
    make_app: Callable[..., Flask], tried: list[str]
) -> None:
    app = make_app(PREFERRED_URL_SCHEME='https', SESSION_COOKIE_SECURE=True)
    fields = {'username': 'susan', 'password': PASSWORD}
    response = app.test_client().post(
        '/auth/login', data=fields, environ_overrides={'SCRIPT_NAME': '/blog'}
    )
    [cookie] = [c for c in response.headers.getlist('Set-Cookie') if c.startswith('known_browser')]
    assert 'Path=/blog/auth;' in cookie
    assert 'Secure;' in cookie


def test_a_browser_is_known_to_the_five_accounts_that_logged_in_last(
    one: Flask, make_user: MakeUser
) -> None:
    client = one.test_client()
    people = [make_user(f'u{number}', PASSWORD) for number in range(7)]
    for person in people:
        log_in(client, username=person.username)
    log_in(client, username='u3')
    ids = [entry.partition('-')[0] for entry in cookie_of(client).value.split('.')]
    assert ids == [str(people[number].id) for number in (3, 6, 5, 4, 2)]
    assert len(cookie_of(client).value) < 250


@pytest.mark.parametrize(
    'change',
    [
        lambda value, other: value[:-1] + ('0' if value[-1] != '0' else '1'),
        lambda value, other: value.partition('-')[0] + '-' + other.partition('-')[2],
        lambda value, other: 'x',
        lambda value, other: '',
        lambda value, other: '.' * 5000,
        lambda value, other: f'{"1-" + "0" * 16 + "-" + "0" * 16}.' * 5 + value,
        lambda value, other: value.replace('-', '-é', 1),
        lambda value, other: f'{"9" * 30}-{"0" * 16}-{"0" * 16}',
    ],
)
def test_a_cookie_that_is_not_ours_makes_nobody_known(
    one: Flask, make_user: MakeUser, change: Callable[[str, str], str]
) -> None:
    make_user('john', PASSWORD)
    browser, johns = one.test_client(), one.test_client()
    log_in(browser)
    log_in(johns, username='john')
    close_to_strangers(one)
    value = change(cookie_of(browser).value, cookie_of(johns).value)
    forged = one.test_client(use_cookies=False)
    fields = {'username': 'susan', 'password': PASSWORD}
    for path in ('/auth/login', '/auth/reset_password_request'):
        headers = {'Cookie': f'known_browser="{value}"'}
        response = forged.post(path, data={**fields, 'email': 'susan@example.com'}, headers=headers)
        assert response.status_code == (429 if path == '/auth/login' else 302)
    wait_for_threads()
    assert log_in(browser) == 200


def test_the_api_looks_at_no_cookie(one: Flask) -> None:
    browser, sender = one.test_client(), one.test_client(use_cookies=False)
    log_in(browser)
    close_to_strangers(one)
    cookie = {'Cookie': f'known_browser={cookie_of(browser).value}'}
    fields = {'username': 'susan', 'password': PASSWORD}
    assert sender.post('/auth/login', data=fields, headers=cookie).status_code == 302
    headers = {**basic('susan', PASSWORD), **cookie}
    assert sender.post('/api/tokens', headers=headers).status_code == 429


def test_a_failure_says_no_more_than_before(one: Flask) -> None:
    client = one.test_client()
    for name in ('susan', 'nobody'):
        fields = {'username': name, 'password': WRONG}
        response = client.post('/auth/login?next=/explore', data=fields)
        assert (response.status_code, response.location) == (302, '/auth/login?next=/explore')
        assert flashes(client.get('/auth/login')) == ['Invalid username or password']
        assert not [c for c in response.headers.getlist('Set-Cookie') if 'known_browser' in c]
