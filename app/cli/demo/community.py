"""A small community: about twenty people who talk to each other in as many languages."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import NamedTuple

from sqlalchemy import Connection, insert
from werkzeug.security import generate_password_hash

from app.cli.demo.filling import Row, account, ids_by_name, recount
from app.cli.demo.people import MAIN_PERSON, PEOPLE
from app.models import Post, User, followers

SEED = 1
TIME_SPAN = timedelta(days=150)
# How many conversations begin at each hour of the day, in relation to the other hours.
HOURS = [1, 0, 0, 0, 0, 1, 3, 6, 8, 7, 6, 6, 8, 7, 5, 5, 6, 8, 9, 10, 10, 9, 6, 3]
LEAST_FOLLOWED, MOST_FOLLOWED = 2, 14
NO_LANGUAGE = '-'  # a post of emoji alone


class Line(NamedTuple):
    """A post, before it is known when it was written."""

    username: str
    language: str
    body: str


def fill(connection: Connection, now: datetime, password: str) -> list[str]:
    """Add the people, their posts and whom they follow; return the names to log in with."""
    random = Random(SEED)  # noqa: S311 - the same community every time, nothing is secret
    posts = list(_posts(random, now))
    people = list(_people(random, now, posts, generate_password_hash(password)))
    connection.execute(insert(User), people)
    ids = ids_by_name(connection)
    # By time, so that the ids grow with it as they do on a site that people write to.
    posts.sort(key=lambda post: post['timestamp'])
    for post in posts:
        post['user_id'] = ids[post.pop('username')]
    connection.execute(insert(Post), posts)
    connection.execute(insert(followers), list(_follows(random, ids)))
    recount(connection)
    return [MAIN_PERSON]


def conversations() -> list[list[Line]]:
    """Return all posts, in groups that were written shortly after one another.

    In posts.txt each begins with a line that names its author and its language; after `>` it
    belongs to the conversation above.
    """
    text = Path(__file__).with_name('posts.txt').read_text(encoding='utf-8')
    found: list[list[Line]] = []
    for block in text.strip().split('\n\n'):
        head, body = block.split('\n', 1)
        username, language = head.removeprefix('> ').split()
        if not head.startswith('> '):
            found.append([])
        found[-1].append(Line(username, '' if language == NO_LANGUAGE else language, body))
    return found


def _posts(random: Random, now: datetime) -> Iterator[Row]:
    talks = conversations()
    for lines, start in zip(talks, sorted(_starts(random, now, len(talks))), strict=True):
        moment = start
        for line in lines:
            yield {
                'username': line.username,
                'language': line.language,
                'body': line.body,
                'timestamp': min(moment, now),
            }
            moment += timedelta(minutes=random.triangular(1, 50, 6))


def _starts(random: Random, now: datetime, count: int) -> Iterator[datetime]:
    """Return when the conversations begin: more often lately, seldom in the night."""
    # The last one is so recent that the first page tells of minutes, not of days.
    yield now - timedelta(hours=2.5)
    for _ in range(count - 1):
        day = now - timedelta(days=1) - TIME_SPAN * random.random() ** 1.5
        hour = random.choices(range(24), HOURS)[0]
        second = timedelta(seconds=random.uniform(0, 3600))
        yield day.replace(hour=hour, minute=0, second=0, microsecond=0) + second


def _people(random: Random, now: datetime, posts: list[Row], password_hash: str) -> Iterator[Row]:
    for person in PEOPLE:
        written = [post['timestamp'] for post in posts if post['username'] == person.username]
        last_post = max(written, default=now - TIME_SPAN)
        yield account(
            **person._asdict(),
            password_hash=password_hash if person.username == MAIN_PERSON else None,
            # Some read on for long after their last post, some do not.
            last_seen=last_post + (now - last_post) * random.random(),
        )


def _follows(random: Random, ids: dict[str, int]) -> Iterator[Row]:
    for name, follower in ids.items():
        others = [person for person in ids.values() if person != follower]
        count = random.randint(LEAST_FOLLOWED, MOST_FOLLOWED)
        if name == MAIN_PERSON:
            count = len(ids) // 2
        for followed in sorted(random.sample(others, count)):
            yield {'follower_id': follower, 'followed_id': followed}
