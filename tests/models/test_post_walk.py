"""Whatever people do with posts at the same time, the numbers are those of the rows."""

from collections.abc import Callable
from itertools import count
from random import Random
from threading import Thread
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from app import db
from app.database.errors import is_away, is_conflict
from app.models import Activity, Notification, Post, User, likes
from app.models.activity import UNREAD
from app.models.message import NEVER
from tests.conftest import MakeUser

PEOPLE, WALKERS, STEPS = 4, 4, 60

numbers = count(1)


def some_post(walk: Random, *conditions: Any) -> Post | None:
    posts = db.session.scalars(select(Post).where(Post.repost_of.is_(None), *conditions)).all()
    return walk.choice(posts) if posts else None


def write(walk: Random, one: User, other: User) -> None:
    db.session.add(Post(body=f'#tag{walk.randrange(3)} @{other.username}', author=one))


def answer(walk: Random, one: User, _other: User) -> None:
    post = some_post(walk)
    if post is not None:
        db.session.add(Post(body='yes', author=one, in_reply_to=post.id))


def react(walk: Random, one: User, _other: User) -> None:
    post = some_post(walk)
    if post is not None:
        ways = one.like, one.like, one.unlike, one.repost, one.repost, one.unrepost, one.bookmark
        walk.choice(ways)(post)


def edit(walk: Random, one: User, other: User) -> None:
    post = some_post(walk, Post.user_id == one.id)
    if post is not None:
        post.edit(f'@{other.username} {walk.random()}')


def delete(walk: Random, one: User, _other: User) -> None:
    post = some_post(walk, Post.user_id == one.id)
    if post is not None:
        db.session.delete(post)


def follow(walk: Random, one: User, other: User) -> None:
    walk.choice([one.follow, one.unfollow])(other)


def look(_walk: Random, one: User, _other: User) -> None:
    one.mark_activities_read()


def leave(_walk: Random, one: User, _other: User) -> None:
    name = f'new{next(numbers)}'
    db.session.add(User(username=name, email=f'{name}@example.com'))
    db.session.delete(one)


STEPS_AND_WEIGHTS: dict[Callable[[Random, User, User], None], int] = {
    write: 6,
    answer: 5,
    react: 12,
    edit: 2,
    delete: 2,
    follow: 3,
    look: 2,
    leave: 1,
}


@pytest.mark.parametrize('seed', [1, 2])
def test_counters_are_rows(app: Flask, make_user: MakeUser, seed: int) -> None:
    for number in range(PEOPLE):
        make_user(f'person{number}')
    wrong: list[BaseException] = []
    done: list[str] = []

    def step(walk: Random) -> str:
        one, other = walk.sample(db.session.scalars(select(User)).all(), 2)
        [do] = walk.choices([*STEPS_AND_WEIGHTS], [*STEPS_AND_WEIGHTS.values()])
        do(walk, one, other)
        db.session.commit()
        return do.__name__

    def go(walk: Random) -> None:
        for _ in range(STEPS):
            with app.app_context():
                try:
                    done.append(step(walk))
                except SQLAlchemyError as error:
                    db.session.rollback()
                    # It has just gone; rarely, two wait for each other and one gives up.
                    if not is_conflict(error) and not is_away(error):
                        wrong.append(error)
                except BaseException as error:
                    wrong.append(error)
                    raise

    threads = [Thread(target=go, args=[Random(f'{seed} {n}')]) for n in range(WALKERS)]  # noqa: S311
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert {*done} == {do.__name__ for do in STEPS_AND_WEIGHTS}
    assert len(done) > WALKERS * STEPS * 0.8
    db.session.rollback()
    check_posts()
    check_people()
    check_activity()


def rows(*conditions: Any) -> int:
    return db.session.scalar(select(func.count()).where(*conditions)) or 0


def check_posts() -> None:
    for post in db.session.scalars(select(Post)):
        kept = post.reply_count, post.like_count, post.repost_count
        there = (
            rows(Post.in_reply_to == post.id),
            rows(likes.c.post_id == post.id),
            rows(Post.repost_of == post.id),
        )
        assert kept == there


def check_people() -> None:
    for user in db.session.scalars(select(User)):
        assert user.post_count == rows(Post.user_id == user.id, Post.in_reply_to.is_(None))
        since = user.last_activity_read_time or NEVER
        unread = rows(Activity.user_id == user.id, Activity.timestamp > since)
        assert user.unread_activity_count == unread
    for told in db.session.scalars(select(Notification).where(Notification.name == UNREAD)):
        assert told.get_data() == told.user.unread_activity_count


def check_activity() -> None:
    """Nobody hears of what is not so, and of one thing not twice."""
    seen = set()
    for item in db.session.scalars(select(Activity)):
        assert item.actor_id != item.user_id
        if item.kind == 'like':
            assert rows(likes.c.post_id == item.post_id, likes.c.user_id == item.actor_id) == 1
        if item.kind == 'repost':
            assert rows(Post.repost_of == item.post_id, Post.user_id == item.actor_id) == 1
        about = item.actor_id if item.kind == 'follow' else item.post_id
        assert (item.user_id, item.kind, about) not in seen
        seen.add((item.user_id, item.kind, about))
