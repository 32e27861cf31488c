"""Bulk data: a large site of generated people and posts, to measure the speed with.

The first half of the people write all the time, some of them far more than most, as on any
site. The second half have written a few posts long ago: whoever follows only them is the reader
whose page is the hardest to find.
"""

import math
from collections.abc import Iterator, Sized
from datetime import datetime, timedelta
from itertools import accumulate, islice
from random import Random
from typing import Any

import click
from sqlalchemy import Connection, insert
from werkzeug.security import generate_password_hash

from app.cli.demo.filling import Row, account, ids_by_name, recount, texts
from app.cli.demo.words import Writer
from app.models import Post, User, followers

SEED = 8
BATCH = 5000  # rows held in memory at a time
TIME_SPAN = timedelta(days=180)
DISORDER = timedelta(minutes=1)  # by how much a post may be older than the one before it
ACTIVE_SHARE = 0.5  # of the people
QUIET_SINCE = 0.25  # of the time span: when the others stopped writing
TAIL = 1.2  # of the Pareto distribution of activity and popularity; the smaller, the less even
MOST_ACTIVE = 200  # times as active as the least active of the active people
FOLLOWED_ON_AVERAGE = 30
FOREIGN_LANGUAGE = 0.1  # of the posts are not in their author's own language

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
READER_SHARE = 0.001  # of all posts: enough own ones to turn pages


def fill(
    connection: Connection, now: datetime, password: str, user_count: int, post_count: int
) -> list[str]:
    """Add that many people and posts; return the names of those who can log in."""

    def add(table: Any, label: str, about: int, rows: Iterator[Row]) -> None:
        with click.progressbar(length=about, label=label.ljust(8)) as progress:
            while batch := list(islice(rows, BATCH)):
                connection.execute(insert(table), batch)
                progress.update(len(batch))

    random = Random(SEED)  # noqa: S311 - the same data every time, nothing is secret
    password_hash = generate_password_hash(password)
    add(User, 'People', user_count, _people(random, now, user_count, password_hash))
    ids = ids_by_name(connection)
    add(followers, 'Follows', user_count * FOLLOWED_ON_AVERAGE, _follows(random, ids))
    add(Post, 'Posts', post_count, _posts(random, now, post_count, ids))
    click.echo('Counters')
    recount(connection)
    return list(READERS)


def _people(random: Random, now: datetime, count: int, password_hash: str) -> Iterator[Row]:
    given_names, family_names = texts('bulk')['given_names'], texts('bulk')['family_names']
    active_readers = [name for name in READERS if name != QUIET_READER]
    generated = (
        f'{random.choice(given_names)}.{random.choice(family_names)}{number}'
        for number in range(1, count - len(READERS) + 1)
    )
    for number, name in enumerate([*active_readers, *generated, QUIET_READER], start=1):
        yield account(
            name,
            f'person{number}@example.com',
            password_hash=password_hash if name in READERS else None,
            last_seen=now - timedelta(days=30) * random.random(),
        )


def _follows(random: Random, ids: dict[str, int]) -> Iterator[Row]:
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
            yield {'follower_id': person, 'followed_id': other}


def _posts(random: Random, now: datetime, count: int, ids: dict[str, int]) -> Iterator[Row]:
    languages = texts('bulk')['languages']
    writers = [Writer(random, language) for language in languages]
    shares = [language['share'] for language in languages]
    own_writers = random.choices(writers, shares, k=len(ids))
    people = list(zip(ids.values(), own_writers, strict=True))
    activity = list(accumulate(_activity(random, list(ids))))
    active = slice(_active_count(people))
    active_people, activity_of_active = people[active], activity[active]
    for number in range(count):
        progress = number / count
        if progress < QUIET_SINCE:
            author, writer = random.choices(people, cum_weights=activity)[0]
        else:
            author, writer = random.choices(active_people, cum_weights=activity_of_active)[0]
        if random.random() < FOREIGN_LANGUAGE:
            writer = random.choice(writers)
        yield {
            'body': writer.write(),
            'timestamp': now - (1 - progress) * TIME_SPAN - random.random() * DISORDER,
            'user_id': author,
            'language': writer.code,
        }


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
