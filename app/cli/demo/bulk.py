"""Bulk data: a large site of generated people, posts and applause, to measure the speed with.

The first half of the people write all the time, some of them far more than most, as on any
site. The second half have written a few posts long ago: whoever follows only them is the reader
whose page is the hardest to find. What they say and do is in talk.py.
"""

import math
from collections.abc import Iterator, Sized
from datetime import datetime, timedelta
from itertools import accumulate, chain, islice
from random import Random
from typing import Any

import click
from sqlalchemy import Connection, insert, select
from werkzeug.security import generate_password_hash

from app.cli.demo.filling import (
    Row,
    continue_ids,
    first_free_id,
    happening,
    insert_many,
    recount,
    texts,
)
from app.cli.demo.talk import AuthorAt, Scribe, Talk
from app.markup import tag_key
from app.models import User, followers
from app.models.activity import FOLLOW, Activity
from app.models.tag import Tag
from app.text import case_key

SEED = 8
BATCH = 5000  # rows held in memory at a time
TIME_SPAN = timedelta(days=180)
DISORDER = timedelta(minutes=1)  # by how much a post may be older than the one before it
ACTIVE_SHARE = 0.5  # of the people
QUIET_SINCE = 0.25  # of the time span: when the others stopped writing
TAIL = 1.2  # of the Pareto distribution of activity and popularity; the smaller, the less even
MOST_ACTIVE = 200  # times as active as the least active of the active people
FOLLOWED_ON_AVERAGE = 30

# The people to log in as, and how many others they follow, if there are as many. One of them
# follows none but the quiet half.
QUIET_READER = 'reader-quiet'
READERS = {
    'reader-0': 0,
    'reader-50': 50,
    'reader-1000': 1000,
    'reader-5000': 5000,
    QUIET_READER: 5000,
}
LIKED_READER = 'reader-1000'  # who gets one like for ten posts of the site
READER_SHARE = 0.001  # of all posts: enough own ones to turn pages


def fill(
    connection: Connection, now: datetime, password: str, user_count: int, post_count: int
) -> list[str]:
    """Add that many people and posts; return the names of those who can log in."""

    def add(label: str, about: int, rows: Iterator[dict[Any, list[Row]]]) -> None:
        with click.progressbar(length=about, label=label.ljust(8)) as progress:
            while some := list(islice(rows, BATCH)):
                # Of what is in one batch the posts come first: the others refer to them.
                for table in dict.fromkeys(chain(*some)):
                    batch = list(chain.from_iterable(each.get(table, ()) for each in some))
                    if table is User:
                        connection.execute(insert(User), batch)
                    else:
                        insert_many(connection, getattr(table, '__table__', table), batch)
                progress.update(len(some))

    random = Random(SEED)  # noqa: S311 - the same data every time, nothing is secret
    password_hash = generate_password_hash(password)
    add(
        'People',
        user_count,
        ({User: [person]} for person in _people(random, now, user_count, password_hash)),
    )
    people = connection.execute(select(User.username, User.id).order_by(User.id))
    ids: dict[str, int] = dict(people.all())
    add('Follows', user_count * FOLLOWED_ON_AVERAGE, _follows(random, now, ids))
    tag_ids = _tags(connection)
    talk = Talk(random, post_count, _author_at(random, list(ids)))
    talk.let_like(post_count, list(ids).index(LIKED_READER), user_count)
    scribe = Scribe(talk, ids, tag_ids, now, TIME_SPAN, DISORDER, READERS)
    first_id = first_free_id(connection, ids[LIKED_READER])
    add('Posts', len(talk), (scribe.write(number, first_id) for number in range(len(talk))))
    continue_ids(connection, first_id + len(talk))
    reposters = scribe.reposters.values()
    add('Activity', len(reposters), ({Activity: [row]} for row in reposters))
    click.echo('Counters')
    recount(connection)
    return list(READERS)


def _tags(connection: Connection) -> list[int]:
    """Add the tags that posts can have; return their ids."""
    keys = {tag_key(word): word for word in texts('bulk')['tags'].split()}
    connection.execute(insert(Tag), [{'key': key, 'name': name} for key, name in keys.items()])
    ids: dict[str, int] = dict(connection.execute(select(Tag.key, Tag.id)).all())
    return [ids[key] for key in keys]


def _people(random: Random, now: datetime, count: int, password_hash: str) -> Iterator[Row]:
    given_names, family_names = texts('bulk')['given_names'], texts('bulk')['family_names']
    active_readers = [name for name in READERS if name != QUIET_READER]
    generated = (
        f'{random.choice(given_names)}.{random.choice(family_names)}{number}'
        for number in range(1, count - len(READERS) + 1)
    )
    for number, name in enumerate([*active_readers, *generated, QUIET_READER], start=1):
        email = f'person{number}@example.com'
        yield {
            'username': name,
            'username_key': case_key(name),
            'email': email,
            'email_key': email,
            'password_hash': password_hash if name in READERS else None,
            'last_seen': now - timedelta(days=30) * random.random(),
        }


def _follows(random: Random, now: datetime, ids: dict[str, int]) -> Iterator[dict[Any, list[Row]]]:
    people = list(ids.values())
    quiet = people[_active_count(people) :]
    popularity = list(accumulate(random.paretovariate(TAIL) for _ in people))
    # The mean of this distribution is the average that is wanted.
    location = math.log(FOLLOWED_ON_AVERAGE) - 1 / 2
    for name, person in ids.items():
        if name in READERS:
            others = {*(quiet if name == QUIET_READER else people)} - {person}
            followed = random.sample(sorted(others), min(READERS[name], len(others)))
        else:
            count = min(round(random.lognormvariate(location, 1)), len(people))
            followed = random.choices(people, cum_weights=popularity, k=count)
        for other in sorted({*followed} - {person}):
            when = now - random.random() * TIME_SPAN
            yield {
                followers: [{'follower_id': person, 'followed_id': other}],
                Activity: [happening(other, FOLLOW, person, None, when)],
            }


def _author_at(random: Random, names: list[str]) -> AuthorAt:
    """Return what gives somebody who writes at a part of the time span."""
    people = range(len(names))
    activity = list(accumulate(_activity(random, names)))
    active = slice(_active_count(people))
    active_people, activity_of_active = people[active], activity[active]

    def author_at(progress: float) -> int:
        if progress < QUIET_SINCE:
            return random.choices(people, cum_weights=activity)[0]
        return random.choices(active_people, cum_weights=activity_of_active)[0]

    return author_at


def _activity(random: Random, names: list[str]) -> list[float]:
    """Return how much each of the people writes."""
    active = _active_count(names)
    activity = [min(random.paretovariate(TAIL), MOST_ACTIVE) for _ in names[:active]]
    of_reader = sum(activity) * READER_SHARE
    # Less than the least of the active people.
    activity += [random.uniform(0.1, 1) for _ in names[active:]]
    weights = zip(names, activity, strict=True)
    return [of_reader if name in READERS else weight for name, weight in weights]


def _active_count(people: Sized) -> int:
    return math.ceil(len(people) * ACTIVE_SHARE)
