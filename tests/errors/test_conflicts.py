"""Somebody is deleted by another request while a request is about them: one answer for all."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import NullPool, create_engine, delete, event

from app import db
from app.models import Post, User
from tests.conftest import MakeUser
from tests.pages import heading, link

WRITES = ('INSERT', 'UPDATE', 'DELETE')
DeleteMeanwhile = Callable[[User], None]


@pytest.fixture
def delete_meanwhile(make_user: MakeUser) -> Iterator[DeleteMeanwhile]:
    """Let another process delete an account just before a request first writes or locks."""
    ids: list[int] = []

    def before(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if ids and (statement.startswith(WRITES) or 'FOR ' in statement):
            another = create_engine(db.engine.url, poolclass=NullPool)
            with another.begin() as connection:
                connection.execute(delete(User).where(User.id == ids.pop()))

    event.listen(db.engine, 'before_cursor_execute', before)
    yield lambda user: ids.append(user.id)
    assert ids == []
    event.remove(db.engine, 'before_cursor_execute', before)


@pytest.fixture
def susan(make_user: MakeUser) -> User:
    return make_user('susan')


@pytest.fixture
def john(make_user: MakeUser) -> User:
    return make_user('john')


@pytest.mark.parametrize(
    ('who', 'method', 'path', 'data'),
    [
        ('john', 'POST', '/send_message/john', {'message': 'hello'}),
        ('susan', 'POST', '/send_message/john', {'message': 'hello'}),
        ('john', 'POST', '/messages/with/john', {'message': 'hello'}),
        ('susan', 'POST', '/messages/with/john', {'message': 'hello'}),
        ('susan', 'GET', '/messages', {}),
        ('john', 'POST', '/follow/john', {}),
        ('susan', 'POST', '/follow/john', {}),
        ('john', 'POST', '/unfollow/john', {}),
        ('susan', 'POST', '/', {'post': 'hello'}),
        ('susan', 'POST', '/edit_profile', {'username': 'susan', 'about_me': 'new'}),
    ],
)
def test_in_pages(
    log_in: Callable[[User], FlaskClient],
    delete_meanwhile: DeleteMeanwhile,
    susan: User,
    john: User,
    who: str,
    method: str,
    path: str,
    data: dict[str, str],
) -> None:
    john.send_message(susan, 'something unread, which looking at marks as read')
    db.session.commit()
    client = log_in(susan)
    delete_meanwhile({'susan': susan, 'john': john}[who])
    response = client.open(path, method=method, data=data)
    assert response.status_code == 409
    assert heading(response) == 'Somebody Was Quicker'
    # Whoever is left is still logged in.
    name, address = ('Profile', '/user/susan') if who == 'john' else ('Login', '/auth/login')
    assert link(response, name) == address


@pytest.mark.parametrize(
    ('who', 'method', 'path', 'data'),
    [
        ('john', 'POST', '/messages', {'recipient': 'john', 'body': 'hello'}),
        ('susan', 'POST', '/messages', {'recipient': 'john', 'body': 'hello'}),
        ('susan', 'POST', '/messages/read', {}),
        ('john', 'POST', '/users/{john}/follow', {}),
        ('susan', 'POST', '/users/{john}/follow', {}),
        ('john', 'DELETE', '/users/{john}/follow', {}),
        ('susan', 'POST', '/posts', {'body': 'hello'}),
        ('susan', 'PUT', '/users/{susan}', {'about_me': 'new'}),
        ('susan', 'POST', '/activity/read', {}),
        *[
            (who, method, f'/posts/{{post}}/{kind}', {})
            for who in ('john', 'susan')
            for method, kind in (
                ('PUT', 'like'),
                ('DELETE', 'like'),
                ('PUT', 'repost'),
                ('DELETE', 'repost'),
                ('PUT', 'bookmark'),
            )
        ],
    ],
)
def test_in_the_api(
    client: FlaskClient,
    delete_meanwhile: DeleteMeanwhile,
    susan: User,
    john: User,
    who: str,
    method: str,
    path: str,
    data: dict[str, str],
) -> None:
    token = susan.get_token()
    post = Post(body='of john', author=john)
    db.session.add(post)
    db.session.commit()
    people = {'susan': susan, 'john': john}
    path = path.format(post=post.id, **{name: user.id for name, user in people.items()})
    delete_meanwhile(people[who])
    headers = {'Authorization': f'Bearer {token}'}
    response = client.open(f'/api{path}', method=method, json=data, headers=headers)
    assert (response.status_code, response.json) == (
        409,
        {'error': 'Conflict', 'message': 'this was changed by somebody else at the same moment'},
    )
