"""How long others wait while a large account is deleted.

`python -m benchmarks.leaving` fills an empty database (DATABASE_URL, after `flask db upgrade`) with
an account of 100,000 posts and 50,000 followers, begins to delete it, and meanwhile does what
people do: reading, writing, liking what is about to go, following. It prints how long these took.
"""

import argparse
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import count
from statistics import median
from threading import Event, Thread

from flask import Flask
from sqlalchemy import insert

from app import create_app, db
from app.database import utcnow
from app.models import Post, User, followers
from app.tasks import purge

CHUNK = 10_000


def fill(posts: int, people: int) -> int:
    names = ['famous', *(f'reader{number}' for number in range(people))]
    db.session.execute(
        insert(User),
        [
            {'username': n, 'email': f'{n}@x', 'username_key': n, 'email_key': f'{n}@x'}
            for n in names
        ],
    )
    famous = db.session.scalars(db.select(User).filter_by(username='famous')).one()
    ids = [id_ for id_ in db.session.scalars(db.select(User.id)) if id_ != famous.id]
    famous.follower_count, famous.post_count = people, posts
    values = {'user_id': famous.id, 'language': 'en'}
    for start in range(0, posts, CHUNK):
        rows = [
            {'body': f'post {start + n}', 'timestamp': utcnow(), **values} for n in range(CHUNK)
        ]
        db.session.execute(insert(Post.__table__), rows)
    pairs = [{'follower_id': id_, 'followed_id': famous.id} for id_ in ids]
    db.session.execute(insert(followers), pairs)
    db.session.execute(db.update(User).where(User.id.in_(ids[:1000])).values(followed_count=1))
    db.session.commit()
    return int(famous.id)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument('--posts', type=int, default=100_000)
    parser.add_argument('--people', type=int, default=50_000)
    parser.add_argument('--seconds', type=float, default=60, help='of each step at most')
    options = parser.parse_args()
    app = create_app()
    app.config.update(WTF_CSRF_ENABLED=False)
    over = Event()
    done: list[str] = []

    def delete(user_id: int) -> None:
        with app.app_context():
            user = db.session.get_one(User, user_id)
            user.begin_to_leave()
            db.session.commit()
            for step in purge.STEPS[:-1]:
                start, steps = time.monotonic(), 0
                while time.monotonic() < start + options.seconds:
                    if not purge._took_something(step, user_id):
                        break
                    steps += 1
                if steps > 1:
                    done.append(f'{step.__name__}: {steps} in {time.monotonic() - start:.0f} s')
        over.set()

    with app.app_context():
        user_id = fill(options.posts, options.people)
        reader = db.session.scalars(db.select(User).filter_by(username='reader7')).one()
        db.session.add(Post(body='this makes ready what finds out the language', author=reader))
        db.session.commit()
        reader_id = reader.id
        newest = db.session.scalars(
            db.select(Post.id).where(Post.user_id == user_id).order_by(Post.id.desc()).limit(500)
        ).all()
        db.session.rollback()
    taken = {'before': people(app, reader_id, newest, lambda start: time.monotonic() > start + 20)}
    Thread(target=delete, args=[user_id]).start()
    taken['meanwhile'] = people(app, reader_id, newest, lambda _start: over.is_set())
    print('\n'.join(done))
    for when, kinds in taken.items():
        for name, times in kinds.items():
            times.sort()
            shown = (median(times), times[int(len(times) * 0.95)], times[-1])
            numbers = ' | '.join(f'{seconds * 1000:.0f}' for seconds in shown)
            print(f'| {name}, {when} | {len(times)} | {numbers} |')


def people(
    app: Flask, reader_id: int, newest: Sequence[int], is_over: Callable[[float], bool]
) -> dict[str, list[float]]:
    """Do what people do until it `is_over`; return how long each took."""
    taken: dict[str, list[float]] = defaultdict(list)
    start = time.monotonic()
    for number in count(1):
        if is_over(start):
            break
        with app.app_context():
            me = db.session.get_one(User, reader_id)
            for name in ('read', 'write', 'like', 'follow'):
                post = db.session.get(Post, newest[number % len(newest)])
                other = db.session.get_one(User, reader_id + 1 + number % 1000)
                began = time.monotonic()
                if name == 'read':
                    me.followed_posts().newest(25)
                elif name == 'write':
                    db.session.add(Post(body='hello there, everybody who reads this', author=me))
                elif name == 'like' and post is not None:
                    (me.unlike if number % 2 else me.like)(post)
                else:
                    (me.unfollow if number % 2 else me.follow)(other)
                db.session.commit()
                taken[name].append(time.monotonic() - began)
        time.sleep(0.02)
    return taken


if __name__ == '__main__':
    main()
