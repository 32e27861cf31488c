"""One's own account through the API."""

from functools import partial
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, func, select

from app import db
from app.models import ApiToken, Message, Notification, Post, Task, User, followers
from tests.api.conftest import PASSWORD, Program, ProgramOf
from tests.auth.conftest import AtOnce, wait_for_threads
from tests.conftest import MakeUser
from tests.mailbox import Mailbox


@pytest.fixture
def app(app_with_mail: Flask) -> Flask:
    return app_with_mail


def test_me(program: Program, susan: User) -> None:
    assert program.get('/users/me').get_json() == program.get(f'/users/{susan.id}').get_json()


def test_a_changed_address_is_told_to_the_old_one(
    program: Program, susan: User, mailbox: Mailbox
) -> None:
    path = f'/users/{susan.id}'
    assert program.put(path, {'email': 'susan@example.com'}).status_code == 200
    assert program.put(path, {'email': 'new@example.com'}).status_code == 200
    wait_for_threads()
    [mail] = mailbox.wait_for(1)
    assert mail['To'] == 'susan@example.com'
    assert mail['Subject'] == '[Microblog] Your Email Address Was Changed'


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
        ({'password': 'x' * 8}, 'must include current_password and password fields', None),
        (
            {'current_password': 'wrong', 'password': 'x' * 8},
            'this is not your password',
            ['current_password'],
        ),
        (
            {'current_password': '\ud800', 'password': 'x' * 8},
            'current_password: This text contains characters that cannot be stored.',
            ['current_password'],
        ),
        (
            {'current_password': PASSWORD, 'password': 'short'},
            'password: A password must have at least 8 characters.',
            ['password'],
        ),
        (
            {'current_password': 7, 'password': 'x' * 8},
            'current_password: Not a valid string.',
            None,
        ),
    ],
)
def test_passwords_that_are_refused(
    program: Program, susan: User, data: Any, message: str, fields: list[str] | None
) -> None:
    response = program.put('/users/me/password', data)
    assert response.status_code == 400
    answer = response.get_json()
    assert answer['message'] == message
    if fields is not None:
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

    statements: list[str] = []
    event.listen(db.engine, 'before_cursor_execute', lambda *args: statements.append(args[2]))
    response = program.delete('/users/me', {'password': PASSWORD})
    assert (response.status_code, response.data) == (204, b'')
    assert len(statements) <= 10

    assert program.get('/users/me').status_code == 401
    assert browser.get('/index').status_code == 302
    assert User.find('susan') is None
    assert db.session.scalars(select(Post.body)).all() == ['stays'] * 3
    assert db.session.scalars(select(Message.body)).all() == ['stays']
    for model in (Notification, Task, ApiToken):
        assert db.session.scalar(select(func.count()).select_from(model)) == 0
    assert len(db.session.execute(select(followers)).all()) == 2
    counts = [(user.follower_count, user.followed_count, user.post_count) for user in others]
    assert counts == [(2, 0, 1), (0, 1, 1), (0, 1, 1)]


def test_following_somebody_who_is_deleted_at_once(
    program: Program, susan: User, make_user: MakeUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.api import entries
    from app.api import followers as views

    john_id = make_user('john').id
    original = entries.entry_or_404

    def find(*args: Any) -> Any:
        user = original(*args)
        with db.engine.begin() as other:
            other.execute(db.delete(User).where(User.id == john_id))
        return user

    monkeypatch.setattr(views, 'entry_or_404', find)
    for method in ('POST', 'DELETE'):
        monkeypatch.setattr(views, 'entry_or_404', find if method == 'POST' else original)
        response = program.open(method, f'/users/{john_id}/follow')
        assert response.status_code in (204, 404)
    monkeypatch.undo()
    assert program.get('/users/me').get_json()['followed_count'] == 0
