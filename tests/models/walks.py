"""People who do things at the same time, at random."""

from collections.abc import Callable
from itertools import count
from random import Random
from threading import Thread

from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from app import db
from app.database.errors import is_away, is_conflict
from app.models import User

PEOPLE, WALKERS = 4, 4

Step = Callable[[Random, User, User], None]  # what one person does, maybe with another one

numbers = count(1)


def join() -> None:
    """Open an account; the caller commits."""
    name = f'new{next(numbers)}'
    db.session.add(User(username=name, email=f'{name}@example.com'))


def leave(_walk: Random, one: User, _other: User) -> None:
    join()
    db.session.delete(one)


def walk_at_once(app: Flask, weights: dict[Step, int], seed: int, steps: int) -> None:
    """Let several do as many steps each, every one of which succeeds or meets another one."""
    for _ in range(PEOPLE):
        join()
    db.session.commit()
    wrong: list[BaseException] = []
    done: list[Step] = []

    def step(walk: Random) -> Step:
        one, other = walk.sample(db.session.scalars(select(User)).all(), 2)
        [do] = walk.choices([*weights], [*weights.values()])
        do(walk, one, other)
        db.session.commit()
        return do

    def go(walk: Random) -> None:
        for _ in range(steps):
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

    threads = [Thread(target=go, args=[Random(f'{seed} {n}')]) for n in range(WALKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert {*done} == {*weights}
    assert len(done) > WALKERS * steps * 0.8
    db.session.rollback()
