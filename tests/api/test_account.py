"""One's own account through the API."""

import re
from collections.abc import Callable
from email.message import EmailMessage
from functools import partial
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from app import db
from app.errors.handlers import RETRY_AFTER
from app.models import ApiToken, Message, Notification, Post, Task, User, followers
from tests.api.conftest import PASSWORD, Program, ProgramOf
from tests.auth.conftest import AtOnce, wait_for_threads
from tests.conftest import MakeUser
from tests.mailbox import Mailbox
from tests.statements import statements


@pytest.fixture
def app(app_with_mail: Flask) -> Flask:
    return app_with_mail


def test_me(program: Program, susan: User) -> None:
    assert program.get('/users/me').get_json() == program.get(f'/users/{susan.id}').get_json()


def link_in(mail: EmailMessage) -> str:
    """The path that a mail leads to."""
    text = mail.get_body(('plain',))
    assert text is not None
    path: str
    [path] = re.findall(r'http://localhost(/\S+)', text.get_content())
    return path


def test_a_token_is_not_enough_to_take_over_an_account(
    program: Program, susan: User, mailbox: Mailbox
) -> None:
    path = f'/users/{susan.id}'
    for email in ('thief@example.com', 'Susan@Example.com'):
        response = program.put(path, {'email': email, 'about_me': 'mine now'})
        assert response.status_code == 400
        message = 'a new e-mail address needs your current_password; a link is then mailed to it'
        assert response.get_json() == {
            'error': 'Bad Request',
            'message': message,
            'errors': {'current_password': [message]},
        }
    response = program.put(path, {'email': 'thief@example.com', 'current_password': 'a guess'})
    assert response.status_code == 400
    assert response.get_json()['errors'] == {'current_password': ['this is not your password']}
    wait_for_threads()
    assert mailbox.mails == []
    assert (susan.email, susan.about_me) == ('susan@example.com', None)


def test_a_new_address(app: Flask, program: Program, susan: User, mailbox: Mailbox) -> None:
    path = f'/users/{susan.id}'
    data = {'email': 'new@example.com', 'current_password': PASSWORD, 'about_me': 'Hello'}
    response = program.put(path, data)
    assert response.status_code == 200
    assert response.get_json()['email'] == 'susan@example.com'
    assert response.get_json()['about_me'] == 'Hello'
    [mail] = mailbox.wait_for(1)
    assert mail['To'] == 'new@example.com'
    assert mail['Subject'] == '[Microblog] Confirm Your Email Address'
    assert susan.email == 'susan@example.com'

    assert app.test_client().post(link_in(mail)).status_code == 302
    told = mailbox.wait_for(2)[1]
    assert told['To'] == 'susan@example.com'
    assert told['Subject'] == '[Microblog] Your Email Address Was Changed'
    assert program.get(path).get_json()['email'] == 'new@example.com'


@pytest.mark.parametrize('extra', [{}, {'current_password': 'a guess'}])
def test_the_present_address_may_be_sent_along(
    program: Program, susan: User, mailbox: Mailbox, extra: dict[str, str]
) -> None:
    data = {'email': 'susan@example.com', 'username': 'suzanne', **extra}
    answer = program.put(f'/users/{susan.id}', data).get_json()
    assert (answer['email'], answer['username']) == ('susan@example.com', 'suzanne')
    wait_for_threads()
    assert mailbox.mails == []


def test_no_link_for_a_foreign_host(program: Program, susan: User, mailbox: Mailbox) -> None:
    data = {'email': 'new@example.com', 'current_password': PASSWORD, 'about_me': 'Hello'}
    response = program.put(f'/users/{susan.id}', data, headers={'Host': 'evil.example'})
    assert response.status_code == 503
    assert response.get_json()['message'] == 'no link can be mailed right now'
    assert response.headers['Retry-After'] == str(RETRY_AFTER)
    wait_for_threads()
    assert mailbox.mails == []
    assert susan.about_me is None


def test_neither_a_password_is_guessed_nor_a_stranger_flooded_with_links(
    make_app: Callable[..., Flask], program_of: ProgramOf, susan: User, john: User, mailbox: Mailbox
) -> None:
    settings = {'MAIL_SERVER': '127.0.0.1', 'MAIL_PORT': mailbox.port, 'MAIL_SUPPRESS_SEND': False}
    app = make_app(RATELIMIT_ENABLED=True, **settings)

    def ask(user: User, password: str) -> TestResponse:
        program = Program(app.test_client(), program_of(user).token)
        data = {'email': 'new@example.com', 'current_password': password}
        return program.put(f'/users/{user.id}', data)

    assert [ask(susan, PASSWORD).status_code for _ in range(3)] == [200] * 3
    refused = ask(john, PASSWORD)
    assert refused.status_code == 429
    assert refused.get_json()['message'] == 'this address has been sent enough links for now'
    assert 60 < int(refused.headers['Retry-After']) <= 3600
    assert [ask(susan, 'a guess').status_code for _ in range(7)] == [400] * 7
    refused = ask(susan, PASSWORD)
    assert refused.status_code == 429
    assert refused.get_json()['message'] == 'you have asked for this too often'
    wait_for_threads()
    assert [mail['To'] for mail in mailbox.mails] == ['new@example.com'] * 3


def test_of_two_at_once_one_changes_the_password(
    program_of: ProgramOf, susan: User, at_once: AtOnce
) -> None:
    programs = {password: program_of(susan) for password in ('new one 1', 'new one 2')}
    responses = at_once(
        User,
        'check_password',
        [
            partial(
                program.put,
                '/users/me/password',
                {'current_password': PASSWORD, 'password': password},
            )
            for password, program in programs.items()
        ],
    )
    assert sorted(response.status_code for response in responses) == [204, 400]
    db.session.rollback()
    assert len([p for p in programs if susan.check_password(p)]) == 1


def test_a_new_password_ends_the_sessions(app: Flask, program: Program, susan: User) -> None:
    browser = app.test_client()
    browser.post('/auth/login', data={'username': 'susan', 'password': PASSWORD})
    data = {'current_password': PASSWORD, 'password': 'another one'}
    response = program.put('/users/me/password', data)
    assert (response.status_code, response.data) == (204, b'')
    assert browser.get('/index').status_code == 302


@pytest.mark.parametrize(
    ('data', 'message', 'fields'),
    [
        ({}, 'must include current_password and password fields', ['current_password', 'password']),
        (
            {'password': 'a new one'},
            'must include current_password and password fields',
            ['current_password'],
        ),
        (
            {'current_password': 'wrong', 'password': 'a new one'},
            'this is not your password',
            ['current_password'],
        ),
        (
            {'current_password': '\ud800', 'password': 'a new one'},
            'current_password: This text contains characters that cannot be stored.',
            ['current_password'],
        ),
        (
            {'current_password': PASSWORD, 'password': 'short'},
            'password: A password must have at least 8 characters.',
            ['password'],
        ),
        (
            {'current_password': PASSWORD, 'password': 'trustno1'},
            'password: This password is one of the commonest: everybody would try it.',
            ['password'],
        ),
        (
            {'current_password': PASSWORD, 'password': 'susan@example.com'},
            'password: This password is too close to your name, your address or the name of this '
            'site.',
            ['password'],
        ),
        (
            {'current_password': 7, 'password': 'a new one'},
            'current_password: Not a valid string.',
            ['current_password'],
        ),
    ],
)
def test_passwords_that_are_refused(
    program: Program, susan: User, data: Any, message: str, fields: list[str]
) -> None:
    response = program.put('/users/me/password', data)
    assert response.status_code == 400
    answer = response.get_json()
    assert answer['message'] == message
    assert list(answer['errors']) == fields
    assert susan.check_password(PASSWORD)


def test_deleting_needs_the_password(program: Program, susan: User) -> None:
    bodies: tuple[Any, ...] = ({}, {'password': 'wrong'}, {'password': 7}, [], 'x', None)
    for data in bodies:
        assert program.delete('/users/me', data).status_code == 400
    assert program.get('/users/me').status_code == 200


def test_deleting_leaves_nothing_behind(
    app: Flask, program: Program, program_of: ProgramOf, make_user: MakeUser, susan: User
) -> None:
    others = [make_user(f'user{number}') for number in range(3)]
    for other in others:
        susan.follow(other)
        other.follow(others[0]) if other is not others[0] else None
        db.session.add(Message(author=susan, recipient=other, body='hi'))
        db.session.add(Message(author=other, recipient=susan, body='hi'))
        db.session.add(Post(author=other, body='stays'))
        db.session.add(Post(author=susan, body='goes'))
    others[0].follow(susan)
    db.session.add(Message(author=others[0], recipient=others[1], body='stays'))
    db.session.add(Notification(name='x', user_id=susan.id, timestamp=0.0, payload_json='1'))
    db.session.add(Task(id='x', name='x', user_id=susan.id))
    db.session.commit()
    browser = app.test_client()
    browser.post('/auth/login', data={'username': 'susan', 'password': PASSWORD})

    with statements() as made:
        response = program.delete('/users/me', {'password': PASSWORD})
    assert (response.status_code, response.data) == (204, b'')
    assert len(made) == 47  # thirteen of them end what was open and let the name rest

    assert program.get('/users/me').status_code == 401
    assert browser.get('/index').status_code == 302
    assert User.find('susan') is None
    assert db.session.scalars(select(Post.body)).all() == ['stays'] * 3
    assert db.session.scalars(select(Message.body)).all() == ['stays']
    for model in (Task, ApiToken):
        assert db.session.scalar(select(func.count()).select_from(model)) == 0
    # Nothing but the others' badges.
    badges = {'unread_message_count', 'unread_activity_count'}
    for notification in db.session.scalars(select(Notification)):
        assert notification.name in badges
        assert notification.get_data() == getattr(notification.user, notification.name)
    assert len(db.session.execute(select(followers)).all()) == 2
    counts = [(user.follower_count, user.followed_count, user.post_count) for user in others]
    assert counts == [(2, 0, 1), (0, 1, 1), (0, 1, 1)]


def test_following_somebody_who_is_deleted_at_once(
    program: Program, susan: User, make_user: MakeUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.api import followers
    from app.api.views import entry_or_404

    john_id = make_user('john').id

    def find(*args: Any) -> Any:
        user = entry_or_404(*args)
        with db.engine.begin() as other:
            other.execute(db.delete(User).where(User.id == john_id))
        return user

    monkeypatch.setattr(followers, 'entry_or_404', find)
    assert program.post(f'/users/{john_id}/follow').status_code == 409
    monkeypatch.undo()
    assert program.delete(f'/users/{john_id}/follow').status_code == 404
    assert program.get('/users/me').get_json()['followed_count'] == 0
