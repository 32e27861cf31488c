"""What an open page asks for (chapter 21)."""

import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import current_app
from flask.testing import FlaskClient

from app import db
from app.models import Post, Tag, User, timeline
from tests.conftest import MakeUser
from tests.statements import statements

LogIn = Callable[[User], FlaskClient]


@pytest.fixture
def susan(make_user: MakeUser) -> User:
    return make_user('susan', last_seen=datetime(2020, 1, 1))


def told(client: FlaskClient, since: str = '0') -> list[dict[str, Any]]:
    """What an open page is told."""
    response = client.get(f'/notifications?since={since}')
    assert response.status_code == 200
    found: list[dict[str, Any]] = response.get_json()
    return found


def test_what_is_new(log_in: LogIn, susan: User, make_user: MakeUser) -> None:
    client = log_in(susan)
    assert told(client) == []
    susan.add_notification('one', 1)
    susan.add_notification('two', {'a': ['b']})
    make_user('john').add_notification('three', 3)
    db.session.commit()
    found = told(client)
    assert [(item['name'], item['data']) for item in found] == [('one', 1), ('two', {'a': ['b']})]
    assert all(item.keys() == {'name', 'data', 'timestamp'} for item in found)
    times = [item['timestamp'] for item in found]
    assert times == sorted(times)
    assert isinstance(times[0], float)
    assert told(client, repr(times[0])) == found[1:]
    assert told(client, repr(times[1])) == []


def test_one_of_a_name(susan: User) -> None:
    susan.add_notification('one', 1)
    first = susan.notifications_since(0)[0].timestamp
    susan.add_notification('one', 2)
    db.session.commit()
    [notification] = susan.notifications_since(0)
    assert notification.get_data() == 2
    assert notification.timestamp > first
    susan.add_notification('one', 3, subject='a')
    susan.add_notification('one', 4, subject='b')
    db.session.commit()
    assert [n.get_data() for n in susan.notifications_since(0)] == [2, 3, 4]


def test_a_slow_clock_hides_nothing(susan: User, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = susan.add_notification('one', 1).timestamp
    db.session.commit()
    monkeypatch.setattr('time.time', lambda: 1.0)
    susan.add_notification('two', 2)
    db.session.commit()
    assert [n.name for n in susan.notifications_since(seen)] == ['two']


@pytest.mark.parametrize('since', ['x', '', 'nan', '-1', '-inf', '-1e999', '1e', '٣x', '%00'])
def test_since_that_makes_no_sense_is_the_beginning(log_in: LogIn, susan: User, since: str) -> None:
    susan.add_notification('one', 1)
    db.session.commit()
    assert [item['name'] for item in told(log_in(susan), since)] == ['one']


@pytest.mark.parametrize('since', ['1e999', 'inf', '1e308', '9' * 400])
def test_since_the_end_of_time(log_in: LogIn, susan: User, since: str) -> None:
    susan.add_notification('one', 1)
    db.session.commit()
    assert told(log_in(susan), since) == []


def newest(client: FlaskClient, path: str) -> tuple[str, str]:
    """What the page asks for new posts: in which timeline, above which place."""
    link = re.search(r'<a [^>]*id="new-posts"[^>]*>', client.get(path).text)
    assert link is not None
    assert ' hidden' in link[0]
    asked = re.search(r'data-timeline="([^"]*)" data-newest="([^"]*)"', link[0])
    assert asked is not None
    return asked[1], asked[2]


def has_new_posts(client: FlaskClient, timeline: str, newest: str, since: str = '5') -> bool:
    query = urlencode({'since': since, 'timeline': timeline, 'newest': newest})
    response = client.get(f'/notifications?{query}')
    assert response.status_code == 200
    found = json.loads(response.text, parse_constant=pytest.fail)
    assert all(item.keys() == {'name', 'data', 'timestamp'} for item in found)
    return 'new_posts' in [item['name'] for item in found]


def tag_id(word: str) -> int:
    tag = Tag.find(word)
    assert tag is not None
    return tag.id


def write(author: User, body: str, **columns: Any) -> Post:
    post = Post(body=body, author=author, **columns)
    db.session.add(post)
    db.session.commit()
    return post


@pytest.mark.parametrize('many_authors', [timeline.MANY_AUTHORS, 0])
def test_an_open_page_hears_of_new_posts(
    log_in: LogIn,
    susan: User,
    make_user: MakeUser,
    monkeypatch: pytest.MonkeyPatch,
    many_authors: int,
) -> None:
    monkeypatch.setattr(timeline, 'MANY_AUTHORS', many_authors)
    john, mary, other = (make_user(name) for name in ('john', 'mary', 'other'))
    for followed in (john, mary):
        susan.follow(followed)
    client = log_in(susan)
    asked: dict[str, tuple[str, str]] = {}

    def news() -> set[str]:
        """In which pages there are new posts, which are then opened again."""
        found = {path for path, question in asked.items() if has_new_posts(client, *question)}
        asked.update({path: newest(client, path) for path in found})
        assert not any(has_new_posts(client, *question) for question in asked.values())
        return found

    post = write(mary, '#first')
    asked.update({path: newest(client, path) for path in ('/', '/index', '/explore', '/tag/first')})
    tag = f'tag:{tag_id("first")}'
    assert [name for name, _place in asked.values()] == ['home', 'home', 'explore', tag]
    assert news() == set()
    write(other, 'a post by somebody whom susan does not follow')
    assert news() == {'/explore'}
    write(other, 'an answer #first', in_reply_to=post.id)
    assert news() == {'/tag/first'}
    write(john, 'a post')
    assert news() == {'/', '/index', '/explore'}
    john.repost(post)
    db.session.commit()
    assert news() == {'/', '/index'}
    # What one has written or passed on oneself is no news.
    susan.repost(post)
    write(susan, '#first')
    assert news() == {'/explore', '/tag/first'}
    db.session.delete(post)
    db.session.commit()
    assert news() == set()


def test_the_first_post_is_news(log_in: LogIn, susan: User, make_user: MakeUser) -> None:
    john = make_user('john')
    client = log_in(susan)
    asked = newest(client, '/explore')
    assert not has_new_posts(client, *asked)
    write(john, 'hello')
    assert has_new_posts(client, *asked)
    home = newest(client, '/')
    assert not has_new_posts(client, *home)
    susan.follow(john)
    db.session.commit()
    assert has_new_posts(client, *home)


def test_only_the_first_page_asks(log_in: LogIn, susan: User) -> None:
    current_app.config['POSTS_PER_PAGE'] = 2
    for number in range(5):
        write(susan, f'#tag {number}')
    client = log_in(susan)
    for path in ('/index', '/explore', '/tag/tag'):
        for older in ('2', '3'):
            assert 'new-posts' not in client.get(f'{path}?page={older}').text
        # It leads to the page anew: a browser loads no other part of the address that it is at.
        first, again = client.get(path).text, client.get(f'{path}?page=1').text
        assert f'href="{path}?page=1#timeline"' in first
        assert f'href="{path}#timeline"' in again
        assert '<section class="timeline" id="timeline" tabindex="-1"' in first
    for path in ('/user/susan', '/bookmarks'):
        assert 'new-posts' not in client.get(path).text


@pytest.mark.parametrize(
    ('name', 'place'),
    [
        *((name, '0-0') for name in ['', 'x', 'tag', 'tag:', 'tag:x', 'tag:٣', 'tag:-1', 'tag:2']),
        *(('tag:' + number, '0-0') for number in ['99999999999', '2147483648', '9' * 400, '1\0']),
        *(
            ('explore', place)
            for place in ['', '0', 'x-y', '1-2-3', '-1-0', '٣-٣', '9' * 20 + '-1']
        ),
        *((name, '9' * 18 + '-' + '9' * 18) for name in ['home', 'explore', 'tag:1']),
    ],
)
def test_a_question_that_makes_no_sense_is_not_answered(
    log_in: LogIn, susan: User, make_user: MakeUser, name: str, place: str
) -> None:
    john = make_user('john')
    susan.follow(john)
    write(john, '#tag')
    client = log_in(susan)
    assert not has_new_posts(client, name, place)
    assert has_new_posts(client, 'home', '0-0')


@pytest.mark.parametrize('since', ['nan', 'inf', '-inf', 'x', '1e999'])
def test_what_is_told_of_new_posts_is_json(log_in: LogIn, susan: User, since: str) -> None:
    write(susan, 'hello')
    assert has_new_posts(log_in(susan), 'explore', '0-0', since)


@pytest.mark.parametrize('many_authors', [timeline.MANY_AUTHORS, 0])
@pytest.mark.parametrize('name', ['home', 'explore', 'tag'])
@pytest.mark.parametrize('place', ['0-0', '9999999999999999-0'])
def test_to_ask_for_new_posts_costs_one_query_more(
    log_in: LogIn,
    susan: User,
    make_user: MakeUser,
    monkeypatch: pytest.MonkeyPatch,
    many_authors: int,
    name: str,
    place: str,
) -> None:
    monkeypatch.setattr(timeline, 'MANY_AUTHORS', many_authors)
    for number in range(5):
        author = make_user(f'author{number}')
        susan.follow(author)
        write(author, '#tag')
    client = log_in(susan)
    name = f'tag:{tag_id("tag")}' if name == 'tag' else name
    with statements() as made:
        assert has_new_posts(client, name, place) == (place == '0-0')
    assert [statement.split()[0] for statement in made] == ['SELECT', 'SELECT', 'SELECT']


def test_a_poll_costs_one_query_beside_the_user(log_in: LogIn, susan: User) -> None:
    client = log_in(susan)
    with statements() as made:
        assert client.get('/notifications?since=5').status_code == 200
    assert [statement.split()[0] for statement in made] == ['SELECT', 'SELECT']
    assert susan.last_seen == datetime(2020, 1, 1)
