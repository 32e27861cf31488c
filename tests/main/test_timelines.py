"""The home page, Explore, and reading them page by page (chapter 9)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import current_app
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app import db
from app.database import utcnow
from app.models import Post, User
from tests.conftest import MakeUser
from tests.pages import bodies, errors, flashes, heading, link, people, title

LogIn = Callable[[User], FlaskClient]


def write(author: User, *texts: str) -> None:
    """Write posts, the first of them the oldest, a second apart and ending a minute ago."""
    start = utcnow() - timedelta(seconds=len(texts) + 60)
    for number, text in enumerate(texts):
        timestamp = start + timedelta(seconds=number)
        db.session.add(Post(body=text, author=author, timestamp=timestamp))
    db.session.commit()


def number_of_posts() -> int | None:
    return db.session.scalar(select(func.count()).select_from(Post))


def test_a_new_user_is_told_what_to_do(log_in: LogIn, susan: User) -> None:
    response = log_in(susan).get('/index')
    assert title(response) == 'Home - Microblog'
    assert heading(response) == 'Hi, susan!'
    assert 'Nothing here yet' in response.text
    assert link(response, 'Find people') == '/people'
    assert 'People who wrote lately' not in response.text


def test_an_empty_feed_offers_people_who_wrote_lately(
    log_in: LogIn, susan: User, make_user: MakeUser
) -> None:
    names = ['ann', 'bob', 'cid', 'dan', 'eve', 'fay', 'gus']
    for name in names:
        write(make_user(name), 'hello')
    silent = make_user('silent')
    susan.follow(silent)
    db.session.commit()
    client = log_in(susan)
    response = client.get('/index')
    assert 'People who wrote lately' in response.text
    assert people(response) == ['gus', 'fay', 'eve', 'dan', 'cid']
    assert 'aria-label="Follow gus"' in response.text
    data = {'next': '/index'}
    assert client.post('/unfollow/silent', data=data).location == '/index'
    assert client.post('/follow/gus', data=data).location == '/index'
    response = client.get('/index')
    assert flashes(response) == ['You are not following silent.', 'You are following gus!']
    assert bodies(response) == ['hello']
    assert 'People who wrote lately' not in response.text


def test_whom_a_person_follows_is_not_offered(
    log_in: LogIn, susan: User, make_user: MakeUser
) -> None:
    """Nor are they themselves: whoever has written answers alone has an empty feed as well."""
    john, mary = make_user('john'), make_user('mary')
    write(mary, 'hello')
    answered = db.session.scalars(mary.posts.select()).one()
    for author in (susan, john):
        db.session.add(Post(body='an answer', author=author, in_reply_to=answered.id))
    db.session.commit()
    client = log_in(susan)
    assert people(client.get('/index')) == ['mary']
    assert people(client.get('/index?page=2')) == []


@pytest.mark.parametrize('path', ['/', '/index'])
def test_posting(log_in: LogIn, susan: User, path: str) -> None:
    client = log_in(susan)
    response = client.post(path, data={'post': 'Hello, world!'})
    assert (response.status_code, response.location) == (302, '/index')
    response = client.get('/index')
    assert flashes(response) == ['Your post is now live!']
    assert bodies(response) == ['Hello, world!']
    assert flashes(client.get('/index')) == []


@pytest.mark.parametrize(
    ('typed', 'stored'),
    [
        ('  one\r\ntwo  ', 'one\ntwo'),
        ('x' * 140, 'x' * 140),
        ('😀' * 140, '😀' * 140),
        ('\r\n' + 'x\r\n' * 70, ('x\n' * 70).strip()),
        ('мир 世界 سلام עולם', 'мир 世界 سلام עולם'),
        ('\u202eturned', '\u202eturned'),
        ('<b>&amp;</b>', '<b>&amp;</b>'),
    ],
)
def test_what_is_stored(log_in: LogIn, susan: User, typed: str, stored: str) -> None:
    assert log_in(susan).post('/index', data={'post': typed}).status_code == 302
    assert db.session.scalars(select(Post.body)).one() == stored


@pytest.mark.parametrize(
    ('typed', 'message'),
    [
        ('', 'This field is required.'),
        (' \r\n\t ', 'This field is required.'),
        ('x' * 141, 'Field must be between 1 and 140 characters long.'),
        ('x' * 10_000, 'Field must be between 1 and 140 characters long.'),
        ('😀' * 141, 'Field must be between 1 and 140 characters long.'),
        ('a\0b', 'This text contains characters that cannot be stored.'),
        ('a\x1bb', 'This text contains characters that cannot be stored.'),
    ],
)
def test_what_cannot_be_posted(log_in: LogIn, susan: User, typed: str, message: str) -> None:
    response = log_in(susan).post('/index', data={'post': typed})
    assert response.status_code == 200
    assert errors(response, 'post') == [message]
    assert number_of_posts() == 0


def test_a_lone_surrogate_does_no_harm(log_in: LogIn, susan: User) -> None:
    client = log_in(susan)
    form = {'content_type': 'application/x-www-form-urlencoded'}
    assert client.post('/index', data='post=a%ED%A0%80b', **form).status_code == 302
    # What is no UTF-8 stays as it was sent.
    assert bodies(client.get('/index')) == ['a%ED%A0%80b']


def test_nothing_that_is_written_is_markup(log_in: LogIn, make_user: MakeUser) -> None:
    attack = '<script>alert(1)</script><img src=x onerror=alert(1)>'
    user = make_user('susan', about_me=attack)
    write(user, attack)
    client = log_in(user)
    for path in ('/index', '/explore', '/user/susan'):
        page = client.get(path)
        assert '<script>' not in page.text
        assert '<img src=x' not in page.text
        assert bodies(page) == [attack]


def test_line_breaks_and_addresses_are_shown(log_in: LogIn, susan: User) -> None:
    write(susan, 'look:\nhttps://example.org/?a=1&b=2')
    text = log_in(susan).get('/index').text
    assert 'look:\n<a href="https://example.org/?a=1&amp;b=2" rel="nofollow noopener ugc">' in text


def test_home_shows_oneself_and_those_one_follows(
    log_in: LogIn, susan: User, make_user: MakeUser
) -> None:
    john, stranger = make_user('john'), make_user('stranger')
    write(susan, 'of susan')
    write(john, 'of john')
    write(stranger, 'of a stranger')
    susan.follow(john)
    db.session.commit()
    client = log_in(susan)
    assert set(bodies(client.get('/index'))) == {'of susan', 'of john'}
    assert set(bodies(client.get('/explore'))) == {'of susan', 'of john', 'of a stranger'}


def test_explore_has_no_form(log_in: LogIn, susan: User) -> None:
    response = log_in(susan).get('/explore')
    assert title(response) == 'Explore - Microblog'
    assert heading(response) == 'Hi, susan!'
    assert 'name="post"' not in response.text
    assert 'There are no posts here.' in response.text


def test_a_post_names_and_links_its_author(log_in: LogIn, make_user: MakeUser) -> None:
    user = make_user('a@b+c.d')
    write(user, 'hello')
    text = log_in(user).get('/explore').text
    assert '<a href="/user/a@b+c.d"' in text
    assert '<bdi>a@b+c.d</bdi></a></span> said <a href=/post/' in text
    assert f'{user.avatar(70)}'.replace('&', '&amp;') in text


LISTS = ['/index', '/explore', '/user/susan']


@pytest.mark.parametrize('path', LISTS)
def test_pages(log_in: LogIn, susan: User, path: str) -> None:
    write(susan, *map(str, range(1, 8)))
    current_app.config['POSTS_PER_PAGE'] = 3
    client = log_in(susan)

    first = client.get(path)
    assert bodies(first) == ['7', '6', '5']
    assert bodies(client.get(f'{path}?page=1')) == ['7', '6', '5']
    assert link(first, 'Newer posts') is None
    older = link(first, 'Older posts')
    assert older is not None
    assert older.startswith(f'{path}?page=2&before=')

    second = client.get(older)
    assert bodies(second) == ['4', '3', '2']
    older = link(second, 'Older posts')
    assert older is not None
    third = client.get(older)
    assert bodies(third) == ['1']
    assert link(third, 'Older posts') is None
    newer = link(third, 'Newer posts')
    assert newer is not None
    assert newer.startswith(f'{path}?page=2&after=')
    assert bodies(client.get(newer)) == ['4', '3', '2']
    newer = link(client.get(newer), 'Newer posts')
    assert newer is not None
    assert bodies(client.get(newer)) == ['7', '6', '5']

    # Typed by hand, without the place that the links carry.
    assert bodies(client.get(f'{path}?page=2')) == ['4', '3', '2']
    assert bodies(client.get(f'{path}?page=3')) == ['1']
    assert bodies(client.get(f'{path}?page=4')) == []


@pytest.mark.parametrize('path', LISTS)
def test_nothing_is_shown_twice_while_others_write(log_in: LogIn, susan: User, path: str) -> None:
    write(susan, *map(str, range(1, 8)))
    current_app.config['POSTS_PER_PAGE'] = 3
    client = log_in(susan)
    older = link(client.get(path), 'Older posts')
    assert older is not None
    for text in ('new', 'newer'):
        db.session.add(Post(body=text, author=susan))
    db.session.commit()
    second = client.get(older)
    assert bodies(second) == ['4', '3', '2']
    newer = link(second, 'Newer posts')
    assert newer is not None
    back = client.get(newer)
    assert bodies(back) == ['7', '6', '5']
    newer = link(back, 'Newer posts')
    assert newer is not None
    assert bodies(client.get(newer)) == ['newer', 'new', '7']


@pytest.mark.parametrize('path', LISTS)
@pytest.mark.parametrize(
    'query',
    ['page=-1', 'page=0', 'page=abc', 'page=', 'page=1.5', 'page=²', 'page=1%00', 'page=+1']
    + ['before=x', 'before=1', 'before=1-2-3', 'before=-', 'before=%00', 'after=-1-5']
    + ['page=x&before=9&after=8'],
)
def test_a_page_that_makes_no_sense_is_the_first(
    log_in: LogIn, susan: User, path: str, query: str
) -> None:
    write(susan, 'one', 'two')
    assert bodies(log_in(susan).get(f'{path}?{query}')) == ['two', 'one']


@pytest.mark.parametrize('path', LISTS)
@pytest.mark.parametrize(
    'query',
    [
        'page=2',
        'page=2147483647',
        'page=99999999999999999999',
        f'page={"9" * 5000}',
        'before=0-0',
        'before=1-999999999999999999',
    ],
)
def test_a_page_out_of_reach_is_empty(log_in: LogIn, susan: User, path: str, query: str) -> None:
    write(susan, 'one', 'two')
    response = log_in(susan).get(f'{path}?{query}')
    assert response.status_code == 200
    assert bodies(response) == []


@pytest.mark.parametrize('path', LISTS)
@pytest.mark.parametrize(
    'query', ['before=999999999999999999-999999999999999999', 'after=0-0', 'after=9999999999999-1']
)
def test_the_ends_of_time(log_in: LogIn, susan: User, path: str, query: str) -> None:
    write(susan, 'one', 'two')
    assert bodies(log_in(susan).get(f'{path}?{query}')) == ['two', 'one']


def test_a_page_of_posts_says_nothing_twice(log_in: LogIn, make_user: MakeUser) -> None:
    """25 posts as long as posts are on average, by as many people, are at most 16 kB of HTML.

    What can be done with them, and the link to each, is at most 30 % more, and that a new one may
    have pictures at most 1.5 kB.
    """
    susan = make_user('susan')
    for number in range(25):
        author = make_user(f'person-{number}')
        susan.follow(author)
        write(author, 'Nice to see you all here, and a good day to each of you, or night.')
    page = log_in(susan).get('/index')
    assert len(bodies(page)) == 25
    assert len(page.data) <= 1.3 * 16_000 + 2_000
