"""Confirming the address that one has registered with (CONFIRM_EMAIL=1)."""

import re
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import db
from app.auth import registration
from app.models import Post, User
from tests.auth.conftest import wait_for_threads
from tests.conftest import MakeUser
from tests.mailbox import Mailbox
from tests.pages import errors, flashes

PASSWORD = 'a good one'
UNCONFIRMED = 'Please confirm your email address first: follow the link that was mailed to it.'
LINK = re.compile(r'http://localhost(/auth/confirm_email/\S+)')


@pytest.fixture
def app(
    make_app: Callable[..., Flask], mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Flask]:
    monkeypatch.setattr(registration, 'QUICKEST', 0)
    app = make_app(
        CONFIRM_EMAIL=True,
        MAIL_SERVER='127.0.0.1',
        MAIL_PORT=mailbox.port,
        MAIL_SUPPRESS_SEND=False,
    )
    with app.app_context():
        yield app
        wait_for_threads()
        db.session.remove()


def register(
    client: FlaskClient, username: str = 'susan', email: str = 'Susan@example.com'
) -> None:
    typed = {'username': username, 'email': email, 'password': PASSWORD, 'password2': PASSWORD}
    assert client.post('/auth/register', data=typed).location == '/auth/login'


def log_in(client: FlaskClient, username: str = 'susan') -> None:
    typed = {'username': username, 'password': PASSWORD}
    assert client.post('/auth/login', data=typed).location == '/index'


def link_in(mailbox: Mailbox, number: int = 1) -> str:
    mail = mailbox.wait_for(number)[number - 1]
    body = mail.get_body(('plain',))
    assert body is not None
    found = LINK.search(body.get_content())
    assert found is not None
    return found[1]


def api_token(client: FlaskClient) -> dict[str, str]:
    token = client.post('/api/tokens', auth=('susan', PASSWORD)).get_json()['token']
    return {'Authorization': f'Bearer {token}'}


def test_the_whole_story(app: Flask, client: FlaskClient, mailbox: Mailbox) -> None:
    register(client)
    assert flashes(client.get('/auth/login')) == [
        'Congratulations, you are now a registered user!',
        'Check your email for the link that confirms your address.',
    ]
    log_in(client)
    page = client.get('/explore')
    assert 'please confirm your email address' in page.text
    assert 'Susan@example.com' in page.text
    refused = client.post('/index', data={'post': 'what I typed'})
    assert errors(refused, 'post') == [UNCONFIRMED]
    assert 'what I typed' in refused.text
    assert mailbox.wait_for(1)[0]['To'] == 'Susan@example.com'
    link = link_in(mailbox)
    assert 'Susan@example.com' in client.get(link).text
    confirmed = client.post(link, data={'submit': '1'})
    assert flashes(client.get(confirmed.location)) == ['Your email address is confirmed.']
    assert client.post('/index', data={'post': 'hello'}).status_code == 302
    assert 'confirm your email' not in client.get('/explore').text
    again = client.post(link, data={'submit': '1'})
    assert flashes(client.get(again.location)) == ['This link is invalid or has expired.']
    wait_for_threads()
    assert len(mailbox.mails) == 1
    susan = User.find_by_email('susan@example.com')
    assert susan is not None
    assert (susan.email, susan.claimed_email) == ('Susan@example.com', None)


@pytest.mark.parametrize(
    ('path', 'fields'),
    [
        ('/post/{post}', {'post': 'an answer'}),
        ('/post/{post}/like', {}),
        ('/post/{post}/repost', {}),
        ('/follow/john', {}),
        ('/send_message/john', {'message': 'hello'}),
        ('/messages/with/john', {'message': 'hello'}),
    ],
)
def test_nothing_that_others_see_before(
    client: FlaskClient, make_user: MakeUser, path: str, fields: dict[str, str]
) -> None:
    john = make_user('john')
    db.session.add(Post(body='hello', author=john))
    db.session.commit()
    post = db.session.scalars(db.select(Post.id)).one()
    register(client)
    log_in(client)
    response = client.post(path.format(post=post), data=fields)
    said = response.text
    if response.location:
        said = str(flashes(client.get(response.location)))
    assert UNCONFIRMED in said
    db.session.refresh(john)
    counted = john.follower_count, john.unread_message_count, john.unread_activity_count
    assert counted == (0, 0, 0)


@pytest.mark.parametrize(
    ('method', 'path', 'data'),
    [
        ('POST', '/api/posts', {'body': 'hello'}),
        ('POST', '/api/posts', {'body': 'hello', 'in_reply_to': '{post}'}),
        ('PUT', '/api/posts/{post}/like', None),
        ('PUT', '/api/posts/{post}/repost', None),
        ('POST', '/api/users/{john}/follow', None),
        ('POST', '/api/messages', {'recipient': 'john', 'body': 'hello'}),
    ],
)
def test_programs_are_told_the_same(
    client: FlaskClient, make_user: MakeUser, method: str, path: str, data: dict[str, str] | None
) -> None:
    john = make_user('john')
    post = Post(body='hello', author=john)
    db.session.add(post)
    db.session.commit()
    ids = {'post': post.id, 'john': john.id}
    register(client)
    headers = api_token(client)
    if data and 'in_reply_to' in data:
        data = {**data, 'in_reply_to': ids['post']}  # type: ignore[dict-item]
    response = client.open(path.format(**ids), method=method, json=data, headers=headers)
    assert response.status_code == 403
    assert response.get_json()['message'].startswith('confirm your e-mail address first')
    assert client.get('/api/users/me', headers=headers).get_json()['email'] == 'Susan@example.com'
    # What nobody else sees is free.
    kept = client.put(f'/api/posts/{ids["post"]}/bookmark', headers=headers)
    assert kept.status_code == 204


def test_the_link_is_sent_again(client: FlaskClient, mailbox: Mailbox) -> None:
    register(client)
    wait_for_threads()
    log_in(client)
    sent = [client.post('/settings/confirm_email', data={'next': '/explore'}) for _ in range(5)]
    assert {response.location for response in sent} == {'/explore'}
    wait_for_threads()
    assert [mail['To'] for mail in mailbox.wait_for(6)] == ['Susan@example.com'] * 6
    client.post(link_in(mailbox, 3), data={'submit': '1'})
    # There is nothing to confirm any more.
    client.post('/settings/confirm_email')
    wait_for_threads()
    assert len(mailbox.mails) == 6


def test_an_address_that_nobody_confirms_stays_free(client: FlaskClient, mailbox: Mailbox) -> None:
    register(client, 'squatter', 'susan@example.com')
    wait_for_threads()
    register(client)
    wait_for_threads()
    first, second = link_in(mailbox, 1), link_in(mailbox, 2)
    client.post(second, data={'submit': '1'})
    client.post(first, data={'submit': '1'})
    assert flashes(client.get('/auth/login'))[-2:] == [
        'Your email address is confirmed.',
        'Please use a different email address.',
    ]
    susan = User.find_by_email('susan@example.com')
    assert susan is not None
    assert susan.username == 'susan'


def test_a_new_address_of_somebody_elses(
    client: FlaskClient, make_user: MakeUser, mailbox: Mailbox
) -> None:
    make_user('john')
    make_user('susan', PASSWORD)
    log_in(client)
    answers = []
    for email in ('john@example.com', 'nobody@example.com'):
        typed = {'email': email, 'current_password': PASSWORD}
        response = client.post('/auth/change_email', data=typed)
        answers.append((response.status_code, flashes(client.get(response.location))))
        wait_for_threads()
    assert answers[0] == answers[1]
    to_john, to_nobody = mailbox.wait_for(2)
    assert (to_john['To'], to_nobody['To']) == ('john@example.com', 'nobody@example.com')
    assert to_john['Subject'] == '[Microblog] You Have an Account'
    headers = api_token(client)
    susan = User.find('susan')
    assert susan is not None
    data = {'email': 'john@example.com', 'current_password': PASSWORD}
    changed = client.put(f'/api/users/{susan.id}', json=data, headers=headers)
    assert changed.status_code == 200


@pytest.mark.parametrize('by', ['a link of the settings', 'a link that sets a password'])
def test_where_it_is_not_demanded(
    make_app: Callable[..., Flask], mailbox: Mailbox, by: str
) -> None:
    app = make_app(MAIL_SERVER='127.0.0.1', MAIL_PORT=mailbox.port, MAIL_SUPPRESS_SEND=False)
    client = app.test_client()
    with app.app_context():
        register(client)
        wait_for_threads()
        assert mailbox.mails == []
        susan = User.find_by_email('susan@example.com')
        assert susan is not None
        log_in(client)
        assert client.post('/index', data={'post': 'hello'}).status_code == 302
        assert 'not confirmed' not in client.get('/explore').text
        assert 'Your email address is not confirmed.' in client.get('/auth/change_email').text
        if by == 'a link of the settings':
            client.post('/settings/confirm_email')
            link = link_in(mailbox)
            client.post(link, data={'submit': '1'})
        else:
            link = f'/auth/reset_password/{susan.get_reset_password_token()}'
            typed = {'password': 'a new one', 'password2': 'a new one'}
            app.test_client().post(link, data=typed)
        db.session.refresh(susan)
        assert susan.claimed_email is None
