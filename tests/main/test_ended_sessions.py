"""What was open when its session ended: nothing typed is lost, and scripts leave no traces."""

import re
from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from app import db
from app.models import Message, Post, User
from app.text import BODY_LENGTH
from app.web.drafts import LONGEST
from tests.conftest import MakeUser
from tests.pages import errors, flashes, heading

OURS = {'Origin': 'http://localhost'}
LOG_IN = 'Please log in to access this page.'
AGAIN = 'You were not logged in any more, so this was not sent. Please send it again.'
TOO_OLD = 'This page was too old, so nothing was done. Please try again.'
# The page, its box, and whether a box can be elsewhere than where it was sent to.
BOXES = [
    ('/index', 'post'),
    ('/messages/with/john', 'message'),
    ('/send_message/john', 'message'),
]


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Iterator[Flask]:
    app = make_app(WTF_CSRF_ENABLED=True)
    with app.app_context():
        yield app
        db.session.remove()


@pytest.fixture
def susan(make_user: MakeUser) -> User:
    return make_user('susan', 'a good one')


@pytest.fixture(autouse=True)
def john(make_user: MakeUser) -> User:
    return make_user('john', 'a good one')


def hidden_fields(page: str) -> dict[str, str]:
    """The hidden fields of the first form but the search box and the menu of languages."""
    return dict(re.findall(r'<input id="\w+" name="(\w+)" type="hidden" value="([^"]*)">', page))


def log_in(client: FlaskClient, path: str = '/auth/login', name: str = 'susan') -> TestResponse:
    fields = hidden_fields(client.get(path).text)
    return client.post(path, data={'username': name, 'password': 'a good one', **fields})


def box(response: TestResponse) -> str:
    match = re.search(r'<textarea [^>]*>\r?\n?(.*?)</textarea>', response.text, re.S)
    assert match is not None
    return match[1]


def by_logging_out(client: FlaskClient) -> None:
    client.get('/auth/logout')


def by_another_password(client: FlaskClient) -> None:
    susan = db.session.scalars(select(User).filter_by(username='susan')).one()
    susan.set_password('a good one')
    db.session.commit()


def by_closing_the_browser(client: FlaskClient) -> None:
    client.delete_cookie('session')


ENDINGS = [by_logging_out, by_another_password, by_closing_the_browser]
Ending = Callable[[FlaskClient], None]


def wanted(response: TestResponse) -> str:
    """The page that the login page leads to."""
    address = urlsplit(response.location)
    assert address.path == '/auth/login'
    return parse_qs(address.query)['next'][0]


@pytest.mark.parametrize('end', ENDINGS)
@pytest.mark.parametrize(('path', 'field'), BOXES)
def test_what_was_typed_is_in_its_box_after_logging_in(
    client: FlaskClient, susan: User, path: str, field: str, end: Ending
) -> None:
    log_in(client)
    fields = hidden_fields(client.get(path).text)
    end(client)
    typed = '😀' * BODY_LENGTH
    response = client.post(path, data={field: typed, **fields}, headers=OURS)
    assert wanted(response) == path
    login_page = client.get(response.location)
    assert flashes(login_page) == [LOG_IN]
    assert typed not in login_page.text

    response = log_in(client, response.location)
    assert response.location == path
    page = client.get(path)
    assert box(page) == typed
    assert flashes(page) == [AGAIN]
    assert db.session.scalars(select(Post)).all() == []
    assert db.session.scalars(select(Message)).all() == []
    # Once: a box that is left empty stays so.
    assert box(client.get(path)) == ''
    assert client.post(path, data={field: typed, **hidden_fields(page.text)}).status_code == 302
    written = [*db.session.scalars(select(Post)), *db.session.scalars(select(Message))]
    assert [one.body for one in written] == [typed]


def test_who_is_remembered_need_not_log_in(client: FlaskClient, susan: User) -> None:
    fields = hidden_fields(client.get('/auth/login').text)
    typed = {'username': 'susan', 'password': 'a good one', 'remember_me': 'y', **fields}
    client.post('/auth/login', data=typed)
    fields = hidden_fields(client.get('/index').text)
    by_closing_the_browser(client)
    response = client.post('/index', data={'post': 'hello', **fields}, headers=OURS)
    assert response.location == '/index'
    page = client.get('/index')
    assert box(page) == 'hello'
    assert flashes(page) == [AGAIN]


def test_a_long_text_fits_into_the_cookie(client: FlaskClient, susan: User) -> None:
    log_in(client)
    fields = hidden_fields(client.get('/index').text)
    by_logging_out(client)
    typed = ''.join(chr(0x10000 + 2477 * number) for number in range(LONGEST + 1))
    client.post('/index', data={'post': typed, **fields})
    cookie = client.get_cookie('session')
    assert cookie is not None
    assert len(cookie.value) < 4000
    log_in(client)
    assert box(client.get('/index')) == typed[:LONGEST]


@pytest.mark.parametrize('end', ENDINGS)
def test_nobody_else_gets_to_see_it(client: FlaskClient, susan: User, end: Ending) -> None:
    log_in(client)
    fields = hidden_fields(client.get('/index').text)
    end(client)
    client.post('/index', data={'post': 'susan only', **fields}, headers=OURS)
    log_in(client, name='john')
    page = client.get('/index')
    assert heading(page) == 'Hi, john!'
    assert 'susan only' not in page.text
    by_logging_out(client)
    log_in(client)
    assert box(client.get('/index')) == ''


def test_nothing_is_sent_in_the_name_of_another_account(client: FlaskClient, susan: User) -> None:
    log_in(client)
    fields = hidden_fields(client.get('/index').text)
    by_logging_out(client)
    log_in(client, name='john')
    typed = {**fields, **hidden_fields(client.get('/index').text), 'author': fields['author']}
    page = client.post('/index', data={'post': 'by susan', **typed})
    assert errors(page, 'post') == ['You are logged in as john by now.']
    assert box(page) == 'by susan'
    assert db.session.scalars(select(Post)).all() == []
    # With a look at who one is, it can be.
    client.post('/index', data={'post': 'by john', **hidden_fields(page.text)})
    assert db.session.scalars(select(Post)).one().author.username == 'john'


@pytest.mark.parametrize(
    'headers',
    [
        {},
        {'Origin': 'https://evil.example'},
        {'Origin': 'http://localhost.evil.example'},
        {'Origin': 'null'},
        {'Origin': 'http://localhost', 'Sec-Fetch-Site': 'cross-site'},
        {'Origin': 'http://localhost', 'Sec-Fetch-Site': 'same-site'},
    ],
)
def test_another_site_puts_nothing_into_a_box(
    client: FlaskClient, susan: User, headers: dict[str, str]
) -> None:
    stranger = client.application.test_client()
    token = hidden_fields(stranger.get('/auth/login').text)['csrf_token']
    for path, field in BOXES:
        typed = {field: 'buy this', 'csrf_token': token, 'author': str(susan.id)}
        assert client.post(path, data=typed, headers=headers).status_code == 400
    log_in(client)
    for path, field in BOXES:
        typed = {field: 'buy this', 'csrf_token': token, 'author': str(susan.id)}
        assert client.post(path, data=typed, headers=headers).status_code == 400
        assert box(client.get(path)) == ''


def message_to(reader: User, writer: User) -> Message:
    writer.send_message(reader, 'hello')
    db.session.commit()
    return db.session.scalars(select(Message)).one()


@pytest.mark.parametrize('end', ENDINGS)
@pytest.mark.parametrize('action', ['follow', 'unfollow', 'delete'])
@pytest.mark.parametrize(
    ('page', 'headers'),
    [
        ('/explore?page=2', {'Referer': 'http://localhost/explore?page=2'}),
        (None, {}),
        (None, {'Referer': 'http://localhost/follow/john'}),
        (None, {'Referer': 'http://localhost/nothing'}),
        (None, {'Referer': 'https://evil.example/explore'}),
        (None, {'Referer': 'http://['}),
    ],
)
def test_a_button_leads_back_to_its_page(
    client: FlaskClient,
    susan: User,
    john: User,
    action: str,
    page: str | None,
    headers: dict[str, str],
    end: Ending,
) -> None:
    message = message_to(susan, john)
    log_in(client)
    fields = {'csrf_token': hidden_fields(client.get('/index').text)['csrf_token']}
    end(client)
    path, otherwise = f'/{action}/john', '/user/john'
    if action == 'delete':
        path, otherwise = f'/messages/{message.id}/delete', '/messages?page=1'
        fields['next'] = page or otherwise
    response = client.post(path, data=fields, headers={**OURS, **headers})
    assert wanted(response) == (page or otherwise)
    assert flashes(client.get(response.location)) == [LOG_IN]
    response = log_in(client, response.location)
    assert response.location == (page or otherwise)
    assert client.get(response.location).status_code == 200
    assert db.session.scalars(select(Message)).one().recipient == susan


@pytest.mark.parametrize('action', ['follow', 'delete'])
def test_a_button_of_an_old_page_says_so(
    client: FlaskClient, susan: User, john: User, action: str
) -> None:
    message = message_to(susan, john)
    log_in(client)
    path = '/follow/john' if action == 'follow' else f'/messages/{message.id}/delete'
    old = {'csrf_token': 'of another session', 'next': '/explore'}
    response = client.post(path, data=old, headers=OURS)
    assert response.location == '/explore'
    assert flashes(client.get('/explore')) == [TOO_OLD]
    assert susan.followed_count == 0
    assert db.session.scalars(select(Message)).one().recipient == susan


@pytest.mark.parametrize(
    ('method', 'path', 'headers'),
    [
        ('GET', '/notifications?since=0', {}),
        ('GET', '/tasks/x', {}),
        ('GET', '/user/john/popup', {}),
        ('GET', '/explore', {'Sec-Fetch-Mode': 'cors'}),
        ('GET', '/explore', {'Sec-Fetch-Mode': 'no-cors'}),
        ('POST', '/follow/john', {'X-Requested-With': 'popup'}),
    ],
)
def test_a_script_leaves_no_trace(
    client: FlaskClient, method: str, path: str, headers: dict[str, str]
) -> None:
    response = client.open(path, method=method, headers=headers)
    assert urlsplit(response.location).path == '/auth/login'
    assert 'Set-Cookie' not in response.headers
    assert flashes(client.get('/auth/login')) == []


def test_a_poll_leaves_what_a_person_is_to_read(client: FlaskClient) -> None:
    client.get('/explore', headers={'Sec-Fetch-Mode': 'navigate'})
    client.get('/notifications?since=0')
    assert flashes(client.get('/auth/login')) == [LOG_IN]


def test_several_pages_ask_once(client: FlaskClient) -> None:
    for path in ('/index', '/explore', '/messages'):
        client.get(path)
    assert flashes(client.get('/auth/login')) == [LOG_IN]
    assert flashes(client.get('/auth/login')) == []


def test_below_a_mount_point(client: FlaskClient, susan: User) -> None:
    mounted = {'SCRIPT_NAME': '/blog'}
    referer = {'Referer': 'http://localhost/blog/explore'}
    response = client.post('/follow/john', headers=referer, environ_overrides=mounted)
    assert response.location == f'/blog/auth/login?next={quote("/blog/explore", safe="")}'
    response = client.get('/explore?page=2', environ_overrides=mounted)
    assert parse_qs(urlsplit(response.location).query)['next'] == ['/blog/explore?page=2']
