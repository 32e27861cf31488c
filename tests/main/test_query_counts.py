"""A page makes a fixed, small number of queries, however much there is (beside last_seen's).

It makes them all before it is drawn.
"""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import Template

from app import db
from app.models import Post, Task, User, timeline
from tests.conftest import MakeUser
from tests.statements import statements

PAGES = {
    '/explore': 4,
    '/user/susan': 5,
    '/user/fan0': 6,
    '/user/susan/answers': 5,
    '/user/fan0/answers': 6,
    '/user/susan/followers': 5,
    '/user/susan/following': 5,
    '/people': 4,
    '/edit_profile': 2,
    '/messages': 7,
    '/messages/sent': 3,
    '/messages/with/fan0': 4,
    '/send_message/fan0': 3,
    '/export_posts': 3,
}


def count(client: FlaskClient, path: str) -> int:
    with statements() as made, pytest.MonkeyPatch.context() as patch:
        render = Template.render

        def spy(template: Template, *arguments: object, **values: object) -> str:
            read = len(made)
            html: str = render(template, *arguments, **values)
            assert made[read:] == []
            return html

        patch.setattr(Template, 'render', spy)
        assert client.get(path).status_code == 200
    return len(made)


@pytest.mark.parametrize(('many_authors', 'of_feed'), [(timeline.MANY_AUTHORS, 5), (3, 4)])
def test_pages(
    log_in: Callable[[User], FlaskClient],
    make_user: MakeUser,
    monkeypatch: pytest.MonkeyPatch,
    many_authors: int,
    of_feed: int,
) -> None:
    monkeypatch.setattr(timeline, 'MANY_AUTHORS', many_authors)
    expected = {**PAGES, '/index': of_feed, '/index?page=2': of_feed}
    susan = make_user('susan')
    first = Post(body='mine', author=susan)
    db.session.add(first)
    db.session.commit()
    fans = [make_user(f'fan{number}') for number in range(10)]
    for fan in fans:
        fan.follow(susan)
        susan.follow(fan)
        db.session.add_all(Post(body=f'{number}', author=fan) for number in range(3))
        db.session.add(Post(body='an answer', author=fan, in_reply_to=first.id))
        fan.send_message(susan, 'hello')
        susan.send_message(fan, 'hello')
    db.session.add(Post(body='my answer', author=susan, in_reply_to=first.id))
    # Failed, and not yet dismissed: each page says so.
    failed = {'name': 'job', 'description': 'A job', 'complete': True, 'failure': 'error'}
    db.session.add_all(Task(id=str(n), user_id=susan.id, **failed) for n in range(3))
    db.session.commit()
    client = log_in(susan)
    client.get('/index')
    few = {path: count(client, path) for path in expected}
    for fan in fans:
        db.session.add_all(Post(body=f'{number}', author=fan) for number in range(10))
        db.session.add(Post(body='mine', author=susan))
        db.session.add(Post(body='my answer', author=susan, in_reply_to=first.id))
        for number in range(3):
            fan.send_message(susan, f'{number}')
            susan.send_message(fan, f'{number}')
    db.session.commit()
    many = {path: count(client, path) for path in expected}
    assert few == many == expected


def test_a_feed_without_posts_asks_for_people_once(
    log_in: Callable[[User], FlaskClient], make_user: MakeUser
) -> None:
    client = log_in(make_user('susan'))
    counts = []
    for number in range(3):
        db.session.add(Post(body='hello', author=make_user(f'author{number}')))
        db.session.commit()
        counts.append(count(client, '/index'))
    assert counts == [4, 4, 4]


def test_the_first_request_of_a_minute_adds_the_write_and_one_read(
    log_in: Callable[[User], FlaskClient], make_user: MakeUser, app: Flask
) -> None:
    susan = make_user('susan')
    client = log_in(susan)
    client.get('/edit_profile')
    quiet = count(client, '/edit_profile')
    susan.last_seen = None
    db.session.commit()
    assert count(client, '/edit_profile') == quiet + 2


@pytest.mark.parametrize(
    ('path', 'form'),
    [
        ('/follow/john', {}),
        ('/unfollow/john', {}),
        ('/send_message/john', {'message': 'hello'}),
    ],
)
def test_a_write_ends_with_its_commit(
    log_in: Callable[[User], FlaskClient],
    make_user: MakeUser,
    path: str,
    form: dict[str, str],
) -> None:
    susan, john = make_user('susan'), make_user('john')
    susan.send_message(john, 'hello')
    if path.startswith('/unfollow'):
        susan.follow(john)
    db.session.commit()
    client = log_in(susan)
    client.get('/index')
    with statements() as made:
        assert client.post(path, data=form).status_code == 302
    # The person whose page comes next is not read again after the commit.
    assert 'password_hash' not in made[-1]
