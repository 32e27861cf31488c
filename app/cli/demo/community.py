"""A small community: about twenty people who talk to each other in as many languages.

All of it is in community.json. A post there is: how many minutes ago, by whom, in which language,
what; and, where there is more to say: who likes it (`likes`) or keeps it (`kept`), who passed it on
(`reposts`) and when its text was changed (`edited`), in minutes as well. Posts stand in
conversations. All but the first answer one of them: that with the number `to`, or else the one that
`_answered` finds. Posts of which nothing is said get a few likes by chance, the same every time.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from operator import itemgetter
from random import Random
from typing import Any

from sqlalchemy import update

from app.cli.demo.filling import texts
from app.extensions import db
from app.models import Activity, Post, User, bookmarks, likes

MAIN_PERSON = 'susan'  # whose password is printed
LAST_LOOK = timedelta(minutes=85)  # since she has seen what concerns her
MOST_LIKES = 4  # of a post about which nothing is said
LIKED_WITHIN = timedelta(minutes=10)
SEED = 16

# What the models set to the present time.
TIMES: list[Any] = [
    Activity.__table__.c.timestamp,
    Post.__table__.c.timestamp,
    User.__table__.c.last_activity_read_time,
    likes.c.timestamp,
    bookmarks.c.timestamp,
]


def fill(now: datetime, password: str) -> list[str]:
    """Let all happen that has happened until now; return the names to log in with."""
    people = {
        person['username']: User(
            username=person['username'],
            email=person['email'],
            about_me=person['about_me'],
            last_seen=_ago(now, person['minutes_since_seen']),
        )
        for person in texts('community')['people']
    }
    people[MAIN_PERSON].set_password(password)
    db.session.add_all(people.values())
    db.session.flush()
    for when, happen in sorted(_happenings(now, people), key=itemgetter(0)):
        happen()
        db.session.flush()
        for time in TIMES:
            db.session.execute(update(time.table).where(time > when).values({time: when}))
    return [MAIN_PERSON]


def _ago(now: datetime, minutes: float) -> datetime:
    return now - timedelta(minutes=minutes)


def _happenings(
    now: datetime, people: dict[str, User]
) -> Iterator[tuple[datetime, Callable[[], object]]]:
    """Yield what has happened, and when; of two at one time the first comes first."""
    random = Random(SEED)  # noqa: S311 - the same data every time, nothing is secret
    for person in texts('community')['people']:
        for followed in person['follows'].split():
            when = now - timedelta(days=random.uniform(1, 90))
            yield when, partial(people[person['username']].follow, people[followed])
    yield now - LAST_LOOK, people[MAIN_PERSON].mark_activities_read
    for post, above, facts in _posts(now, people):
        when = post.timestamp
        yield when, partial(_write, post, above)
        for name in facts.get('kept', '').split():
            yield when, partial(people[name].bookmark, post)
        for name, minutes in facts.get('reposts', {}).items():
            yield _ago(now, minutes), partial(people[name].repost, post)
        if 'likes' in facts:
            likers = [people[name] for name in facts['likes'].split()]
        else:
            others = [person for person in people.values() if person.id != post.user_id]
            likers = random.sample(others, random.randint(0, MOST_LIKES))
        for liker in likers:
            when = min(when + LIKED_WITHIN * random.random(), now)
            yield when, partial(liker.like, post)


def _posts(
    now: datetime, people: dict[str, User]
) -> list[tuple[Post, Post | None, dict[str, Any]]]:
    """Return the posts by time, each with the one that it answers and what there is to say."""
    written = []
    for conversation in texts('community')['conversations']:
        posts: list[Post] = []
        for number, (minutes, author, language, body, *more) in enumerate(conversation):
            facts = more[0] if more else {}
            above = posts[_answered(conversation, number)] if number else None
            post = Post(
                body=body,
                language=language,
                user_id=people[author].id,
                timestamp=_ago(now, minutes),
                edited=_ago(now, facts['edited']) if 'edited' in facts else None,
            )
            posts.append(post)
            written.append((post, above, facts))
    return sorted(written, key=lambda each: each[0].timestamp)


def _write(post: Post, above: Post | None) -> None:
    if above is not None:
        post.in_reply_to = above.id
    db.session.add(post)


def _answered(conversation: list[Any], number: int) -> int:
    """Return which post the one with that number answers.

    Who began a conversation answers who spoke last; the others answer what it began with.
    """
    _minutes, author, _language, _body, *more = conversation[number]
    if more and 'to' in more[0]:
        return int(more[0]['to'])
    return number - 1 if author == conversation[0][1] else 0
