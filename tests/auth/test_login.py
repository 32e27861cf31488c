"""Logging in and out (chapter 5)."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask, session
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse
from werkzeug.urls import iri_to_uri

from app import db
from app.models import AccountEvent, User
from tests.conftest import MakeUser
from tests.pages import errors, flashes, heading, link, title


def send(client: FlaskClient, path: str = '/auth/login', **fields: str) -> TestResponse:
    return client.post(path, data={'username': 'susan', 'password': 'a good one', **fields})


@pytest.fixture
def susan(make_user: MakeUser) -> User:
    return make_user('susan', 'a good one')


def test_the_page(client: FlaskClient) -> None:
    response = client.get('/auth/login')
    assert response.status_code == 200
    assert title(response) == 'Sign In - Microblog'
    assert heading(response) == 'Sign In'
    for label in ('Username', 'Password', 'Remember Me', 'New User?'):
        assert label in response.text
    assert 'value="Sign In"' in response.text
    assert link(response, 'Click to Register!') == '/auth/register'


def test_logging_in_leads_home(client: FlaskClient, susan: User) -> None:
    response = send(client)
    assert (response.status_code, response.location) == (302, '/index')
    response = client.get('/index')
    assert heading(response) == 'Hi, susan!'
    assert link(response, 'Profile') == '/user/susan'
    assert link(response, 'Logout') == '/auth/logout'
    assert '/auth/login' not in response.text


@pytest.mark.parametrize('name', ['SUSAN', ' susan ', 'ｓｕｓａｎ'])
def test_the_case_of_the_name_does_not_matter(client: FlaskClient, susan: User, name: str) -> None:
    assert send(client, username=name).location == '/index'


@pytest.mark.parametrize(
    'fields',
    [
        {'password': 'a bad one'},
        {'username': 'nobody'},
        {'password': 'A GOOD ONE'},
        {'username': 'sus\0an'},
        {'username': 'x' * 10_000},
        {'username': "' OR 1=1 --"},
    ],
)
def test_wrong_name_and_wrong_password_look_alike(
    client: FlaskClient, susan: User, fields: dict[str, str]
) -> None:
    response = send(client, **fields)
    assert (response.status_code, response.location) == (302, '/auth/login')
    assert flashes(client.get('/auth/login')) == ['Invalid username or password']
    assert flashes(client.get('/auth/login')) == []
    assert client.get('/index').status_code == 302


def test_an_account_without_a_password_stays_closed(
    client: FlaskClient, make_user: MakeUser
) -> None:
    make_user('silent')
    assert send(client, username='silent', password='None').location == '/auth/login'


def test_twins_from_the_tutorial_both_log_in(client: FlaskClient, make_user: MakeUser) -> None:
    for number, name in enumerate(('ﬁsh', 'fish')):
        user = make_user(f'twin{number}', f'of {name}')
        user.username = name
        user.username_key += f'#{number}'
    db.session.commit()
    for name in ('ﬁsh', 'fish'):
        assert send(client, username=name, password=f'of {name}').location == '/index'
        assert heading(client.get('/index')) == f'Hi, {name}!'
        client.get('/auth/logout')


def test_a_hash_that_is_not_safe_any_more_opens_nothing(client: FlaskClient, susan: User) -> None:
    susan.password_hash = 'sha256$abc$d9f2b1c6'
    db.session.commit()
    assert send(client).location == '/auth/login'


@pytest.mark.parametrize('missing', ['username', 'password'])
def test_both_fields_are_required(client: FlaskClient, susan: User, missing: str) -> None:
    response = send(client, **{missing: ''})
    assert response.status_code == 200
    assert errors(response, missing) == ['This field is required.']
    assert 'aria-invalid="true"' in response.text


@pytest.mark.parametrize(
    'path',
    [
        '/',
        '/index',
        '/explore?page=2',
        '/user/susan',
        '/user/%D0%BC',
        '/edit_profile',
        '/user/susan/followers',
        '/user/susan/following',
    ],
)
def test_a_closed_page_asks_to_log_in_and_comes_back(
    client: FlaskClient, susan: User, path: str
) -> None:
    response = client.get(path)
    assert response.status_code == 302
    assert urlsplit(response.location).path == '/auth/login'
    [target] = parse_qs(urlsplit(response.location).query)['next']
    assert iri_to_uri(target) == path
    assert flashes(client.get(response.location)) == ['Please log in to access this page.']
    assert send(client, response.location).location == path


@pytest.mark.parametrize('path', ['/follow/susan', '/unfollow/susan'])
def test_a_closed_action_asks_to_log_in(client: FlaskClient, path: str) -> None:
    response = client.post(path)
    assert response.status_code == 302
    assert urlsplit(response.location).path == '/auth/login'


def test_a_failed_try_keeps_the_wanted_page(client: FlaskClient, susan: User) -> None:
    response = send(client, '/auth/login?next=/explore', password='wrong')
    assert response.location == '/auth/login?next=/explore'
    assert send(client, response.location).location == '/explore'


@pytest.mark.parametrize(
    'target',
    [
        'https://evil.example',
        '//evil.example',
        '///evil.example',
        '/\\evil.example',
        '\\\\evil.example',
        'https:evil.example',
        'javascript:alert(1)',
        '/\t/evil.example',
        '/\n/evil.example',
        ' //evil.example',
        'evil.example',
        '',
    ],
)
def test_only_paths_of_this_site_are_followed(
    client: FlaskClient, susan: User, target: str
) -> None:
    response = client.post(
        '/auth/login',
        query_string={'next': target},
        data={'username': 'susan', 'password': 'a good one'},
    )
    assert response.location == '/index'


def test_who_is_logged_in_needs_no_login_form(
    log_in: Callable[[User], FlaskClient], susan: User
) -> None:
    client = log_in(susan)
    assert client.get('/auth/login').location == '/index'
    assert client.get('/auth/register').location == '/index'


def test_logging_out(client: FlaskClient, susan: User) -> None:
    send(client)
    response = client.get('/auth/logout')
    assert (response.status_code, response.location) == (302, '/index')
    assert client.get('/index').status_code == 302
    assert client.get('/auth/logout').status_code == 302


def test_remember_me_outlives_the_browser(client: FlaskClient, susan: User) -> None:
    send(client, remember_me='y')
    cookie = client.get_cookie('remember_token')
    assert cookie is not None
    assert cookie.http_only
    assert cookie.same_site == 'Lax'
    client.delete_cookie('session')
    assert client.get('/index').status_code == 200


def test_without_remember_me_it_does_not(client: FlaskClient, susan: User) -> None:
    send(client)
    assert client.get_cookie('remember_token') is None
    client.delete_cookie('session')
    assert client.get('/index').status_code == 302


@pytest.mark.parametrize('name', ['session', 'remember_token'])
def test_a_tampered_cookie_is_nobodys(client: FlaskClient, susan: User, name: str) -> None:
    send(client, remember_me='y')
    cookie = client.get_cookie(name)
    assert cookie is not None
    other = 'remember_token' if name == 'session' else 'session'
    client.delete_cookie(other)
    client.set_cookie(name, 'x' + cookie.value[1:])
    assert client.get('/index').status_code == 302
    client.set_cookie(name, '\x80garbage.\N{SNOWMAN}')
    assert client.get('/index').status_code == 302


@pytest.mark.parametrize('id', ['1', '1-', '1-é', '999999-x', 'abc', '', '-1', '1' * 30, '²-x'])
def test_a_session_of_nobody(client: FlaskClient, susan: User, id: str) -> None:
    with client.session_transaction() as cookie:
        cookie['_user_id'] = id
    assert client.get('/index').status_code == 302


def test_the_session_cookie(client: FlaskClient, susan: User) -> None:
    with client:
        send(client)
        assert session['_user_id'].startswith(f'{susan.id}-')
    cookie = client.get_cookie('session')
    assert cookie is not None
    assert cookie.http_only
    assert cookie.same_site == 'Lax'


def test_a_deleted_account_is_logged_out(
    log_in: Callable[[User], FlaskClient], susan: User
) -> None:
    client = log_in(susan)
    assert client.get('/index').status_code == 200
    db.session.delete(susan)
    db.session.commit()
    assert client.get('/index').status_code == 302


@pytest.mark.parametrize('value', ['1|é', '|', 'é'])
def test_a_remember_me_cookie_that_is_no_text_of_ours(app: Flask, value: str) -> None:
    client = app.test_client(use_cookies=False)  # with cookies of its own, it sends no others
    headers = {'Cookie': f'remember_token="{value}"'}
    assert client.get('/auth/login', headers=headers).status_code == 200
    assert client.get('/index', headers=headers).status_code == 302


def test_many_log_in_to_one_account_at_once(make_app: Callable[..., Flask], susan: User) -> None:
    """None of them waits for another without end, and all that happened is noted."""
    app = make_app()

    def visit(_number: int) -> set[str | None]:
        client = app.test_client()
        found: set[str | None] = set()
        for _ in range(3):
            found.add(send(client).location)
            client.get('/auth/logout')
            send(client, password='a bad one')
        return found

    with ThreadPoolExecutor(5) as pool:
        assert set().union(*pool.map(visit, range(5))) == {'/index'}
    noted = Counter(db.session.scalars(select(AccountEvent.what)))
    assert noted == {'login': 15, 'login failed': 15}
