"""Bulk data: a large site of generated people and posts, to measure the speed with.

The first half of the people write all the time, some of them far more than most, as on any
site. The second half have written a few posts long ago: whoever follows only them is the reader
whose page is the hardest to find.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import accumulate, islice
from random import Random

import click
from sqlalchemy import Connection, Insert, insert
from werkzeug.security import generate_password_hash

from app.cli.demo.filling import Row, account, ids_by_name, recount
from app.cli.demo.words import LANGUAGES, Writer
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

GIVEN_NAMES = [
    'adam',
    'aiko',
    'amir',
    'anna',
    'ayşe',
    'björn',
    'chloé',
    'daniel',
    'elena',
    'fatima',
    'giulia',
    'hiro',
    'ines',
    'ivan',
    'joão',
    'julia',
    'kofi',
    'lena',
    'luca',
    'maría',
    'mia',
    'miguel',
    'noah',
    'olga',
    'omar',
    'priya',
    'rosa',
    'sofía',
    'tom',
    'yusuf',
    'zoë',
    'анна',
    'иван',
    'мария',
    'ольга',
    'ελένη',
    'νίκος',
    '小林',
    '田中',
    '李娜',
    '王伟',
    'أمينة',
    'يوسف',
    'प्रिया',
    'रवि',
    '민준',
    '서연',
]
FAMILY_NAMES = [
    'abe',
    'almeida',
    'bauer',
    'chen',
    'costa',
    'diaz',
    'evans',
    'fischer',
    'garcía',
    'haddad',
    'ito',
    'jansen',
    'kim',
    'kaya',
    'lopez',
    'martin',
    'müller',
    'nguyen',
    'novak',
    'okafor',
    'patel',
    'petrov',
    'rossi',
    'sato',
    'silva',
    'smith',
    'torres',
    'weber',
    'yilmaz',
]


def fill(
    connection: Connection, now: datetime, password: str, user_count: int, post_count: int
) -> list[str]:
    """Add that many people and posts; return the names of those who can log in."""
    random = Random(SEED)  # noqa: S311 - the same data every time, nothing is secret
    people = _people(random, now, user_count, generate_password_hash(password))
    _insert(connection, insert(User), people, 'People', user_count)
    community = _Community(random, ids_by_name(connection))
    follows = community.follows()
    _insert(connection, insert(followers), follows, 'Follows', user_count * FOLLOWED_ON_AVERAGE)
    posts = community.posts(now, post_count)
    _insert(connection, insert(Post), posts, 'Posts', post_count)
    click.echo('Counters')
    recount(connection)
    return list(READERS)


def _insert(
    connection: Connection, statement: Insert, rows: Iterable[Row], label: str, about: int
) -> None:
    rows = iter(rows)
    with click.progressbar(length=about, label=f'{label:<8}') as progress:
        while batch := list(islice(rows, BATCH)):
            connection.execute(statement, batch)
            progress.update(len(batch))


def _people(random: Random, now: datetime, count: int, password_hash: str) -> Iterator[Row]:
    active_readers = [name for name in READERS if name != QUIET_READER]
    generated = (
        f'{random.choice(GIVEN_NAMES)}.{random.choice(FAMILY_NAMES)}{number}'
        for number in range(1, count - len(READERS) + 1)
    )
    for number, name in enumerate([*active_readers, *generated, QUIET_READER], start=1):
        yield account(
            username=name,
            email=f'person{number}@example.com',
            password_hash=password_hash if name in READERS else None,
            last_seen=now - timedelta(days=30) * random.random(),
        )


class _Community:
    """Who follows whom, and who writes how much in which language."""

    def __init__(self, random: Random, ids: dict[str, int]) -> None:
        self.random = random
        self.ids = list(ids.values())
        self.readers = {name: ids[name] for name in READERS}
        self.active_count = math.ceil(len(ids) * ACTIVE_SHARE)
        self.writers = [Writer(language, random) for language in LANGUAGES]
        shares = [language.share for language in LANGUAGES]
        self.languages = random.choices(range(len(LANGUAGES)), shares, k=len(ids))

    def follows(self) -> Iterator[Row]:
        random = self.random
        popularity = list(accumulate(random.paretovariate(TAIL) for _ in self.ids))
        # The mean of this distribution is the average that is wanted.
        location = math.log(FOLLOWED_ON_AVERAGE) - 1 / 2
        for person in self.ids:
            if person in self.readers.values():
                continue
            count = min(round(random.lognormvariate(location, 1)), len(self.ids))
            followed = set(random.choices(self.ids, cum_weights=popularity, k=count))
            yield from _follows(person, sorted(followed - {person}))
        for name, reader in self.readers.items():
            people = self.ids[self.active_count :] if name == QUIET_READER else self.ids
            others = [person for person in people if person != reader]
            yield from _follows(reader, random.sample(others, min(READERS[name], len(others))))

    def posts(self, now: datetime, count: int) -> Iterator[Row]:
        random = self.random
        everybody, active = self._activity()
        writers = range(len(self.ids)), range(self.active_count)
        for number in range(count):
            progress = number / count
            if progress < QUIET_SINCE:
                author = random.choices(writers[0], cum_weights=everybody)[0]
            else:
                author = random.choices(writers[1], cum_weights=active)[0]
            language = self.languages[author]
            if random.random() < FOREIGN_LANGUAGE:
                language = random.randrange(len(LANGUAGES))
            yield {
                'body': self.writers[language].write(),
                'timestamp': now - (1 - progress) * TIME_SPAN - random.random() * DISORDER,
                'user_id': self.ids[author],
                'language': LANGUAGES[language].code,
            }

    def _activity(self) -> tuple[list[float], list[float]]:
        """Return how much people write, summed up: for everybody, and for the active ones."""
        random = self.random
        activity = [
            min(random.paretovariate(TAIL), MOST_ACTIVE) for _ in self.ids[: self.active_count]
        ]
        share = sum(activity) * READER_SHARE
        activity = [
            share if person in self.readers.values() else weight
            for person, weight in zip(self.ids, activity, strict=False)
        ]
        # Less than the least of the active people.
        quiet = [random.uniform(0.1, 1) for _ in self.ids[self.active_count :]]
        return list(accumulate(activity + quiet)), list(accumulate(activity))


def _follows(follower: int, people: Iterable[int]) -> Iterator[Row]:
    for followed in people:
        yield {'follower_id': follower, 'followed_id': followed}
