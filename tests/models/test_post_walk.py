"""Whatever people do with posts at the same time, the numbers are those of the rows."""

from random import Random
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app import db
from app.models import Activity, Notification, Post, User, likes
from app.models.activity import UNREAD
from app.models.mention import mentions
from app.models.message import NEVER
from tests.models.walks import Step, leave, walk_at_once

STEPS = 60


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


STEPS_AND_WEIGHTS: dict[Step, int] = {
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
def test_counters_are_rows(app: Flask, seed: int) -> None:
    walk_at_once(app, STEPS_AND_WEIGHTS, seed, STEPS)
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


def check_people(*which: Any) -> None:
    for user in db.session.scalars(select(User).where(*which)):
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
        if item.kind == 'mention':
            told = mentions.c.post_id == item.post_id, mentions.c.user_id == item.user_id
            assert rows(*told) == 1
        if item.kind == 'repost':
            assert rows(Post.repost_of == item.post_id, Post.user_id == item.actor_id) == 1
        about = item.actor_id if item.kind == 'follow' else item.post_id
        assert (item.user_id, item.kind, about) not in seen
        seen.add((item.user_id, item.kind, about))
