"""Accounts that go, a little at a time: nothing is left of them, and every number is right."""

from collections.abc import Callable
from datetime import timedelta
from random import Random
from tempfile import TemporaryFile
from threading import Thread
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner
from sqlalchemy import func, select, text
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from app import db, search
from app.database import utcnow
from app.media.images import photograph
from app.media.storage import storage
from app.models import Media, Message, Post, User, bookmarks, followers, likes
from app.models.leaving import BEGUN, RetiredName
from app.tasks import purge
from tests.conftest import MakeUser
from tests.models import test_post_walk as walk
from tests.models.walks import join, walk_at_once
from tests.pictures import a_file


@pytest.fixture(autouse=True)
def _small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, number in {'FEW': 2, 'SOME': 3, 'MANY': 4, 'PAUSE': 0}.items():
        monkeypatch.setattr(purge, name, number)


@pytest.fixture
def susan(make_user: MakeUser) -> User:
    """Somebody who has done everything, with everybody, more often than a step takes along."""
    susan, *others = (make_user(name) for name in ('susan', 'u1', 'u2', 'u3', 'u4', 'u5', 'u6'))
    for number, other in enumerate(others):
        susan.follow(other)
        other.follow(susan)
        mine = Post(body=f'findable{number} @{other.username} #tag', author=susan)
        theirs = Post(body=f'hello @susan {number}', author=other)
        db.session.add_all([mine, theirs])
        db.session.flush()
        db.session.add(Post(body='yes', author=susan, in_reply_to=theirs.id))
        db.session.add(Post(body='no', author=other, in_reply_to=mine.id))
        for person, post in ((susan, theirs), (other, mine)):
            person.like(post)
            person.repost(post)
            person.bookmark(post)
        susan.send_message(other, 'hi')
        other.send_message(susan, 'hi')
        db.session.commit()
    famous = db.session.scalars(select(Post).where(Post.user_id == susan.id)).first()
    assert famous is not None
    for other in others:
        other.like(famous)
        other.repost(famous)
        hello = Post.body.startswith('hello') & (Post.user_id == other.id)
        others[0].like(db.session.scalars(select(Post).where(hello)).one())
    db.session.commit()
    with TemporaryFile() as file:
        file.write(a_file())
        file.seek(0)
        media = susan.keep(photograph(file))
    famous.illustrate([(media.id, 'a picture')])
    db.session.commit()
    return susan


def begin(user: User) -> int:
    user_id = user.id
    user.begin_to_leave()
    db.session.commit()
    return user_id


def check(left: int) -> None:
    """The numbers of all who stay, and of their posts, are those of the rows."""
    stays = User.deletion_at.is_(None)
    walk.check_posts()
    walk.check_people(stays)
    people = db.session.scalars(select(User).where(stays)).all()
    assert len(people) == left
    for user in people:
        assert user.follower_count == walk.rows(followers.c.followed_id == user.id)
        assert user.followed_count == walk.rows(followers.c.follower_id == user.id)
        unread = walk.rows(Message.recipient_id == user.id)
        assert user.unread_message_count == unread


def nothing_is_left() -> None:
    check(6)
    walk.check_activity()
    assert walk.rows(User.id > 0) == 6
    assert walk.rows(Media.id > 0) == 0
    assert list(storage().everything()) == []
    # What others wrote stays, also in answer to what is gone.
    texts = sorted(db.session.scalars(select(Post.body).where(Post.repost_of.is_(None))))
    assert texts == [*(f'hello @susan {n}' for n in range(6)), *['no'] * 6]
    assert walk.rows(bookmarks.c.post_id > 0) == 0
    assert search.query_index('post', 'findable0 findable1', 1, 9)[1] == 0
    assert search.query_index('user', 'susan', 1, 9)[1] == 0


def test_nothing_is_left(susan: User) -> None:
    assert purge.purge(begin(susan))
    nothing_is_left()
    assert walk.rows(likes.c.post_id > 0) == 6


@pytest.mark.parametrize('step', range(0, 44, 6))
def test_what_was_interrupted_goes_on(
    susan: User, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    original = purge._took_something
    steps: list[Any] = []

    def interrupted(*args: Any) -> bool:
        steps.append(args)
        if len(steps) > step:
            raise KeyboardInterrupt
        return original(*args)

    user_id = begin(susan)
    monkeypatch.setattr(purge, '_took_something', interrupted)
    with pytest.raises(KeyboardInterrupt):
        purge.purge(user_id)
    db.session.rollback()
    monkeypatch.setattr(purge, '_took_something', original)
    check(6)
    assert purge.purge_due() == 1
    nothing_is_left()


def test_two_at_once_do_what_one_does(app: Flask, susan: User) -> None:
    user_id = begin(susan)
    wrong: list[SQLAlchemyError] = []

    def go() -> None:
        with app.app_context():
            try:
                purge.purge(user_id)
            except SQLAlchemyError as error:
                wrong.append(error)

    threads = [Thread(target=go) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    db.session.rollback()
    assert wrong == []
    nothing_is_left()


def go_in_steps(_walk: Random, one: User, _other: User) -> None:
    join()
    purge.purge(begin(one))


@pytest.mark.parametrize('seed', [1, 2])
def test_it_races_with_all_that_others_do(app: Flask, seed: int) -> None:
    """Writing, answering, liking, following, editing, deleting: at the same moment."""
    weights = {**walk.STEPS_AND_WEIGHTS, go_in_steps: 2}
    walk_at_once(app, weights, seed, walk.STEPS)
    # Where two gave up for one another, somebody is half gone.
    purge.purge_due()
    walk.check_posts()
    walk.check_people()
    walk.check_activity()


def test_who_is_due(make_user: MakeUser, runner: FlaskCliRunner) -> None:
    susan, john = make_user('susan'), make_user('john')
    make_user('mary')
    susan.ask_for_deletion(timedelta(days=7))
    john.ask_for_deletion(timedelta(0))
    db.session.commit()
    assert runner.invoke(args=['user', 'purge']).output == 'Deleted: 1 accounts.\n'
    assert sorted(db.session.scalars(select(User.username))) == ['mary', 'susan']
    assert susan.stay()
    db.session.commit()
    assert purge.purge_due() == 0


def test_it_is_too_late_to_stay(susan: User) -> None:
    susan.ask_for_deletion(timedelta(0))
    begin(susan)
    assert susan.deletion_at == BEGUN
    assert (susan.username, susan.password_hash) != ('susan', None)
    assert User.find('susan') is None
    assert User.find_by_email('susan@example.com') is None


def test_a_name_rests(make_user: MakeUser) -> None:
    assert purge.purge(begin(make_user('Susan')))
    assert not User.is_free('susan')
    assert not User.is_free('SUSAN')
    assert User.is_free('susan2')
    [row] = db.session.scalars(select(RetiredName)).all()
    assert 'susan' not in row.mark
    assert timedelta(days=89) < row.until - utcnow() <= timedelta(days=90)
    row.until = utcnow()
    db.session.commit()
    assert User.is_free('susan')
    # The next who leaves takes it out of the table.
    purge.purge(begin(make_user('john')))
    assert db.session.scalar(select(func.count()).select_from(RetiredName)) == 1


def test_a_failure_of_one_keeps_nobody_else(
    make_user: MakeUser, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ('susan', 'john'):
        make_user(name).ask_for_deletion(timedelta(0))
    db.session.commit()
    susan_id = User.find('susan').id  # type: ignore[union-attr]  # made above
    original: Callable[..., bool] = purge._took_something

    def fails(step: purge.Step, user_id: int) -> bool:
        if user_id == susan_id:
            raise OperationalError('x', {}, Exception())
        return original(step, user_id)

    monkeypatch.setattr(purge, '_took_something', fails)
    assert purge.purge_due() == 1
    assert f'The account {susan_id} was not deleted' in caplog.text
    assert [user.id for user in db.session.scalars(select(User))] == [susan_id]


@pytest.mark.parametrize('what', ['a post', 'an account'])
def test_no_other_account_is_looked_at_and_locked(make_user: MakeUser, what: str) -> None:
    if db.engine.dialect.name != 'mysql':
        pytest.skip('only MariaDB locks each row that it passes')
    susan, *others = (make_user(f'u{number}') for number in range(60))
    post = Post(body='passed on', author=susan)
    db.session.add(post)
    db.session.commit()
    others[0].repost(post)
    others[0].follow(susan)
    db.session.commit()

    def rows_passed() -> int:
        status = text("SHOW SESSION STATUS LIKE 'Handler_read_rnd_next'")
        return int(db.session.execute(status).one()[1])

    before = rows_passed()
    db.session.delete(post if what == 'a post' else susan)
    db.session.flush()
    assert rows_passed() - before < len(others)
    db.session.commit()
    assert (others[0].post_count, others[0].followed_count) == (0, int(what == 'a post'))
