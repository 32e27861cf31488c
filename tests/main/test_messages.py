"""The pages of private messages (chapter 21)."""

import re
from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest
from flask import Flask, current_app
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from app import db
from app.main import messages
from app.models import Message, User
from app.web import paging
from tests.conftest import MakeUser, session_of
from tests.pages import bodies, csrf_token, errors, flashes, heading, link, title
from tests.statements import statements

LogIn = Callable[[User], FlaskClient]

WRITE = ['/send_message/john', '/messages/with/john']


@pytest.fixture
def john(make_user: MakeUser) -> User:
    return make_user('john')


def number_of_messages() -> int | None:
    return db.session.scalar(select(func.count()).select_from(Message))


def badge(response: TestResponse) -> tuple[int, bool]:
    """The number in the navigation bar, and whether it is seen."""
    match = re.search(r'<span id="message_count" class="([^"]*)"[^>]*>(\d+)</span>', response.text)
    assert match is not None
    return int(match[2]), 'invisible' not in match[1]


def test_the_form(log_in: LogIn, susan: User, john: User) -> None:
    response = log_in(susan).get('/send_message/JOHN')
    assert title(response) == 'Send Message - Microblog'
    assert heading(response) == 'Send Message to john'
    assert '>Message</label>' in response.text
    profile = log_in(susan).get('/user/john')
    assert link(profile, 'Send private message') == '/send_message/john'
    assert 'Send private message' not in log_in(susan).get('/user/susan').text


def test_sending(log_in: LogIn, susan: User, john: User) -> None:
    client = log_in(susan)
    response = client.post('/send_message/john', data={'message': ' one\r\ntwo '})
    assert (response.status_code, response.location) == (302, '/user/john')
    assert flashes(client.get('/user/john')) == ['Your message has been sent.']
    message = db.session.scalars(select(Message)).one()
    assert (message.author, message.recipient, message.body) == (susan, john, 'one\ntwo')


def test_the_badge(log_in: LogIn, susan: User, john: User) -> None:
    johns = log_in(john)
    assert badge(johns.get('/index')) == (0, False)
    log_in(susan).post('/send_message/john', data={'message': 'hello'})
    assert badge(johns.get('/index')) == (1, True)
    response = johns.get('/messages')
    assert badge(response) == (0, False)
    assert title(response) == 'Messages - Microblog'
    assert heading(response) == 'Messages'
    assert bodies(response) == ['hello']
    assert badge(johns.get('/index')) == (0, False)
    assert john.last_message_read_time is not None


def test_a_conversation(log_in: LogIn, susan: User, john: User) -> None:
    susans, johns = log_in(susan), log_in(john)
    response = susans.post('/messages/with/john', data={'message': 'hello'})
    assert (response.status_code, response.location) == (302, '/messages/with/john')
    assert link(johns.get('/messages'), 'susan') == '/user/susan'
    susans.post('/messages/with/john', data={'message': 'are you there?'})
    response = johns.get('/messages/with/susan')
    assert heading(response) == 'Conversation with susan'
    assert bodies(response) == ['are you there?', 'hello']
    assert badge(response) == (0, False)
    johns.post('/messages/with/susan', data={'message': 'yes'})
    response = susans.get('/messages/with/john')
    assert bodies(response) == ['yes', 'are you there?', 'hello']
    sent = susans.get('/messages/sent')
    assert heading(sent) == 'Sent Messages'
    assert bodies(sent) == ['are you there?', 'hello']
    assert link(sent, 'To') == '/messages/with/john'


def test_conversations_clear_the_badge_one_by_one(
    log_in: LogIn, susan: User, john: User, make_user: MakeUser
) -> None:
    david = make_user('david')
    for sender in (susan, david, susan):
        sender.send_message(john, 'hello')
    db.session.commit()
    johns = log_in(john)
    assert badge(johns.get('/messages/with/susan')) == (1, True)
    assert badge(johns.get('/messages/with/susan')) == (1, True)
    assert badge(johns.get('/messages/with/david')) == (0, False)
    assert badge(johns.get('/index')) == (0, False)
    assert [n['data'] for n in johns.get('/notifications').get_json()] == [0]


def test_the_badge_of_a_wrong_number_is_hidden(log_in: LogIn, john: User) -> None:
    john.unread_message_count = -4
    db.session.commit()
    assert badge(log_in(john).get('/index')) == (0, False)


READ = ['/messages', '/messages/with/susan']


@pytest.mark.parametrize('path', READ)
def test_nothing_is_read_that_was_not_shown(
    log_in: LogIn, susan: User, john: User, path: str
) -> None:
    for number in range(1, 8):
        susan.send_message(john, str(number))
    db.session.commit()
    current_app.config['POSTS_PER_PAGE'] = 3
    client = log_in(john)
    assert client.head(path).status_code == 200
    for purpose in ('prefetch', 'prefetch;prerender'):
        client.get(path, headers={'Sec-Purpose': purpose})
    second = client.get(f'{path}?page=2')
    newer = link(second, 'Newer messages')
    assert newer is not None
    for page in ('99999', '9' * 20):
        assert bodies(client.get(f'{path}?page={page}')) == []
    client.get(link(second, 'Older messages') or '')
    assert badge(client.get('/index')) == (7, True)
    assert john.last_message_read_time is None
    # However one comes to the newest messages, they are read then.
    assert bodies(client.get(newer)) == ['7', '6', '5']
    assert badge(client.get('/index')) == (0, False)


@pytest.mark.parametrize('path', READ)
def test_who_has_read_everything_writes_nothing(
    log_in: LogIn, susan: User, john: User, path: str
) -> None:
    client = log_in(john)
    for texts in ([], ['one'], ['one', 'two']):
        for text in texts[-1:]:
            susan.send_message(john, text)
            john.send_message(susan, 'an answer')
            db.session.commit()
            client.get(path)
        assert badge(client.get('/index')) == (0, False)
        with statements() as made:
            assert client.get(path).status_code == 200
        assert [statement for statement in made if not statement.startswith('SELECT')] == []
        assert not any('FOR ' in statement for statement in made)


@pytest.mark.parametrize('path', READ)
def test_what_comes_while_a_page_is_made_stays_unread(
    app: Flask, log_in: LogIn, susan: User, john: User, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    sending: list[Thread] = []

    def read_slowly(listing: Any) -> Any:
        page = paging.requested_page(listing)
        # The page is read, and not yet marked. The sender waits for the account, which it holds.
        sending.append(Thread(target=susans.post, args=['/send_message/john'], kwargs=late))
        sending[0].start()
        sending[0].join(0.3)
        return page

    late = {'data': {'message': 'late'}}
    susan.send_message(john, 'early')
    db.session.commit()
    susans, johns = log_in(susan), log_in(john)
    with monkeypatch.context() as patch:
        patch.setattr(messages, 'requested_page', read_slowly)
        response = johns.get(path)
    [thread] = sending
    thread.join()
    assert bodies(response) == ['early']
    assert badge(johns.get('/index')) == (1, True)


@pytest.mark.parametrize('path', WRITE)
@pytest.mark.parametrize(
    ('text', 'error'),
    [
        ('', 'This field is required.'),
        (' \r\n\t', 'This field is required.'),
        ('x' * 141, 'Field must be between 0 and 140 characters long.'),
        ('😀' * 141, 'Field must be between 0 and 140 characters long.'),
        ('a\0b', 'This text contains characters that cannot be stored.'),
    ],
)
def test_what_cannot_be_sent(
    log_in: LogIn, susan: User, john: User, path: str, text: str, error: str
) -> None:
    response = log_in(susan).post(path, data={'message': text})
    assert response.status_code == 200
    assert errors(response, 'message') == [error]
    assert number_of_messages() == 0
    assert log_in(susan).post(path, data={'message': '😀' * 140}).status_code == 302


@pytest.mark.parametrize('path', ['/send_message/SUSAN', '/messages/with/susan'])
def test_nobody_writes_to_oneself(log_in: LogIn, susan: User, path: str) -> None:
    client = log_in(susan)
    for method in ('GET', 'POST'):
        response = client.open(path, method=method, data={'message': 'hello'})
        assert (response.status_code, response.location) == (302, '/user/susan')
        assert flashes(client.get('/user/susan')) == ['You cannot send a message to yourself!']
    assert number_of_messages() == 0


@pytest.mark.parametrize('name', ['nobody', '%00', '%ff', 'x' * 500])
@pytest.mark.parametrize('start', ['/send_message/', '/messages/with/'])
def test_nobody_writes_to_nobody(log_in: LogIn, susan: User, start: str, name: str) -> None:
    client = log_in(susan)
    assert client.get(start + name).status_code == 404
    assert client.post(start + name, data={'message': 'hello'}).status_code == 404


def test_a_message_is_no_markup(log_in: LogIn, susan: User, john: User) -> None:
    attack = '<script>alert(1)</script>'
    susan.send_message(john, attack)
    db.session.commit()
    for path in ('/messages', '/messages/with/susan'):
        response = log_in(john).get(path)
        assert '<script>alert' not in response.text
        assert bodies(response) == [attack]


PAGED = {'/messages': 'john', '/messages/sent': 'susan', '/messages/with/john': 'susan'}


@pytest.mark.parametrize('path', PAGED)
def test_pages(log_in: LogIn, susan: User, john: User, path: str) -> None:
    reader = {'susan': susan, 'john': john}[PAGED[path]]
    for number in range(1, 8):
        susan.send_message(john, str(number))
    db.session.commit()
    current_app.config['POSTS_PER_PAGE'] = 3
    client = log_in(reader)
    first = client.get(path)
    assert bodies(first) == ['7', '6', '5']
    assert link(first, 'Newer messages') is None
    older = link(first, 'Older messages')
    assert older is not None
    susan.send_message(john, 'new')
    db.session.commit()
    second = client.get(older)
    assert bodies(second) == ['4', '3', '2']
    newer = link(second, 'Newer messages')
    assert newer is not None
    assert bodies(client.get(newer)) == ['7', '6', '5']
    assert bodies(client.get(f'{path}?page=3')) == ['2', '1']
    assert bodies(client.get(f'{path}?page=99999999999999999999')) == []
    assert bodies(client.get(f'{path}?page=x&before=y')) == ['new', '7', '6']


def test_deleting(log_in: LogIn, susan: User, john: User) -> None:
    message = susan.send_message(john, 'hello')
    db.session.commit()
    client = log_in(john)
    next_page = '/messages/with/susan?page=1'
    question = client.get(f'/messages/{message.id}/delete')
    assert heading(question) == 'Delete this message?'
    assert bodies(question) == ['hello']
    assert link(question, 'Cancel') == '/messages'
    response = client.post(f'/messages/{message.id}/delete', data={'next': next_page})
    assert (response.status_code, response.location) == (302, next_page)
    response = client.get('/messages')
    assert flashes(response) == ['The message has been deleted.']
    assert bodies(response) == []
    assert client.post(f'/messages/{message.id}/delete').status_code == 404
    assert bodies(log_in(susan).get('/messages/sent')) == ['hello']
    response = log_in(susan).post(f'/messages/{message.id}/delete', data={'next': '//evil'})
    assert response.location == '/messages'


def test_messages_of_others(log_in: LogIn, susan: User, john: User, make_user: MakeUser) -> None:
    message = susan.send_message(john, 'secret')
    db.session.commit()
    eve = log_in(make_user('eve'))
    for id_ in (message.id, message.id + 1, 2**31, 10**30):
        assert eve.get(f'/messages/{id_}/delete').status_code == 404
        assert eve.post(f'/messages/{id_}/delete').status_code == 404
    for path in ('/messages', '/messages/sent', '/messages/with/susan', '/messages/with/john'):
        assert bodies(eve.get(path)) == []
    assert bodies(log_in(john).get('/messages')) == ['secret']


@pytest.mark.parametrize('path', READ)
def test_deleting_leads_back_also_on_a_site_under_a_path(
    log_in: LogIn, susan: User, john: User, path: str
) -> None:
    message = susan.send_message(john, 'hello')
    db.session.commit()
    client = log_in(john)
    page = client.get(f'{path}?page=1', environ_overrides={'SCRIPT_NAME': '/under'})
    question = link(page, 'Delete')
    assert question is not None
    assert question.startswith(f'/under/messages/{message.id}/delete?')
    question = question.removeprefix('/under')
    page = client.get(question, environ_overrides={'SCRIPT_NAME': '/under'})
    assert link(page, 'Cancel') == f'/under{path}?page=1'
    target = re.search(r'name="next" value="([^"]*)"', page.text.partition('Only your copy')[0])
    assert target is not None
    response = client.post(f'/messages/{message.id}/delete', data={'next': target[1]})
    assert response.location == f'/under{path}?page=1'


PRIVATE = ['/messages', '/messages/sent', '/messages/with/john', '/send_message/john']


@pytest.mark.parametrize('path', [*PRIVATE, '/notifications', '/export_posts', '/tasks/x'])
def test_a_login_is_required(client: FlaskClient, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 302
    assert response.location.startswith('/auth/login?next=')


def test_forged_requests(make_app: Callable[..., Flask], susan: User, john: User) -> None:
    message = susan.send_message(john, 'hello')
    db.session.commit()
    client = make_app(WTF_CSRF_ENABLED=True).test_client()
    with client.session_transaction() as session:
        session['_user_id'] = session_of(susan)
    paths = [*WRITE, f'/messages/{message.id}/delete', '/export_posts', '/tasks/x/dismiss']
    for path in paths:
        assert client.post(path, data={'message': 'hello'}).status_code == 400
    assert number_of_messages() == 1
    token = csrf_token(client, '/send_message/john')
    form = {'message': 'hello', 'csrf_token': token}
    assert client.post('/send_message/john', data=form).status_code == 302
