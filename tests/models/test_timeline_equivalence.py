"""Whichever way the feed is found, it is the plain definition: own and followed posts by time."""

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert, select, update

from app.extensions import db
from app.models import Post, User, followers, timeline
from app.models.listing import Page, Position, Span
from app.models.timeline import Author, Entry, FollowedPosts, post_position

PEOPLE = 9
POSTS = 70
PER_PAGE = 4
START = datetime(2024, 1, 1, 12, 30, 15, 123456)

# The way along the authors' newest posts, along the site's newest posts, and from the second to
# the first: how many authors are many, and how many posts are recent.
WAYS = [(PEOPLE, 1000), (0, 1000), (0, 9), (3, 9)]


@pytest.fixture
def readers(app: Flask, make_user: Callable[..., User]) -> list[User]:
    """Small communities of every shape: somebody follows nobody, somebody everybody."""
    random = Random(21)
    people = [make_user(f'person{number}') for number in range(PEOPLE)]
    ids = [person.id for person in people]
    # The last two never write, and a few moments for many posts make many equal times.
    rows = [
        {
            'body': str(number),
            'user_id': random.choices(ids[:-2], weights=range(1, PEOPLE - 1))[0],
            'timestamp': START + timedelta(microseconds=random.randrange(POSTS // 4)),
        }
        for number in range(POSTS)
    ]
    db.session.connection().execute(insert(Post), rows)
    for follower, count in zip(people, (0, 1, 2, 3, 5, PEOPLE - 1, 0, 4, 2), strict=True):
        others = [id_ for id_ in ids if id_ != follower.id]
        for followed in random.sample(others, count):
            db.session.execute(
                insert(followers).values(follower_id=follower.id, followed_id=followed)
            )
        db.session.execute(update(User).where(User.id == follower.id).values(followed_count=count))
    db.session.commit()
    return people


def plain_feed(reader: User) -> list[Entry]:
    followed = db.session.scalars(
        select(followers.c.followed_id).where(followers.c.follower_id == reader.id)
    ).all()
    authors = {reader.id, *followed}
    posts = [post for post in db.session.scalars(select(Post)) if post.user_id in authors]
    return [as_shown(post) for post in sorted(posts, key=post_position, reverse=True)]


def as_shown(post: Post) -> Entry:
    author = Author(post.author.id, post.author.username, post.author.email)
    return Entry(
        post.id,
        post.body,
        post.timestamp,
        post.language,
        post.user_id,
        author,
        place=(post.timestamp, post.id),
    )


@pytest.fixture(params=WAYS, ids=lambda way: f'{way[0]} authors, {way[1]} recent')
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline, 'MANY_AUTHORS', request.param[0])
    monkeypatch.setattr(timeline, 'RECENT_POSTS', request.param[1])


@pytest.mark.usefixtures('way')
def test_every_position_in_both_directions(readers: list[User]) -> None:
    posts = db.session.scalars(select(Post)).all()
    positions: set[Position] = {post_position(post) for post in posts}
    # Also where nothing is: beyond both ends, and where a post has been deleted.
    positions |= {(0, 0), (10**18, 0), *((moment, 10**6) for moment, _ in positions)}
    for reader in readers:
        expected = plain_feed(reader)
        feed = reader.followed_posts()
        assert feed.read(Span(PER_PAGE)) == expected[:PER_PAGE]
        for position in Random(4).sample(sorted(positions), 12):
            older = [post for post in expected if post_position(post) < position]
            newer = [post for post in expected if post_position(post) > position]
            assert feed.read(Span(PER_PAGE, before=position)) == older[:PER_PAGE]
            assert feed.read(Span(PER_PAGE, after=position)) == newer[-PER_PAGE:]


@pytest.mark.usefixtures('way')
def test_links_down_and_up_again(readers: list[User]) -> None:
    for reader in readers:
        expected = plain_feed(reader)
        feed = reader.followed_posts()

        def follow(link: dict[str, Any], feed: FollowedPosts = feed) -> Page[Entry]:
            return feed.page(link['page'], PER_PAGE, link.get('before'), link.get('after'))

        pages = [follow({'page': 1})]
        while pages[-1].older is not None:
            pages.append(follow(pages[-1].older))
        assert [post for page in pages for post in page.items] == expected
        page = pages[-1]
        for above in reversed(pages[:-1]):
            page = follow(page.newer or {})
            assert page.items == above.items
        assert page.newer is None


@pytest.mark.usefixtures('way')
def test_typed_page_numbers(readers: list[User]) -> None:
    for reader in readers:
        expected = plain_feed(reader)
        for number in (1, 2, 3, 7, len(expected) // PER_PAGE + 1, 100):
            start = (number - 1) * PER_PAGE
            page = reader.followed_posts().page(number, PER_PAGE)
            assert page.items == expected[start : start + PER_PAGE]
            assert (page.older is None) == (len(expected) <= start + PER_PAGE)


def test_every_way_is_walked(readers: list[User], monkeypatch: pytest.MonkeyPatch) -> None:
    """The data above would prove nothing if it never came by one of the ways."""
    walked = []
    for name in ('_of_newest_authors', '_among_recent', '_skip_among_all', '_skip_among_authors'):
        original = getattr(timeline.FollowedPosts, name)

        def spy(self, span, name=name, original=original):
            found = original(self, span)
            walked.append((name, len(found) == span.limit))
            return found

        monkeypatch.setattr(timeline.FollowedPosts, name, spy)
    for many_authors, recent_posts in WAYS:
        monkeypatch.setattr(timeline, 'MANY_AUTHORS', many_authors)
        monkeypatch.setattr(timeline, 'RECENT_POSTS', recent_posts)
        for reader in readers:
            reader.followed_posts().page(1, PER_PAGE)
            reader.followed_posts().page(2, PER_PAGE)
    ways = ('_of_newest_authors', '_among_recent', '_skip_among_all', '_skip_among_authors')
    assert set(walked) >= {(way, True) for way in ways} | {('_among_recent', False)}
