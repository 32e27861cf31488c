"""The rules of accounts and of following (the tutorial's own tests, C08.29-C08.32, first)."""

from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError, OperationalError

from app import db
from app.database import utcnow
from app.models import Post, User, followers
from tests.conftest import MakeUser


def test_password_hashing() -> None:
    user = User(username='susan', email='susan@example.com')
    user.set_password('cat')
    assert not user.check_password('dog')
    assert user.check_password('cat')


def test_avatar() -> None:
    user = User(username='john', email='john@example.com')
    assert user.avatar(128) == (
        'https://www.gravatar.com/avatar/'
        '855f96e983f1f8e8be944692b6f719fd54329826cb62e98015efee8e2e071dd4?d=identicon&s=128'
    )


def test_follow(make_user: MakeUser) -> None:
    john, susan = make_user('john'), make_user('susan')
    assert db.session.scalars(john.followed.select()).all() == []
    assert db.session.scalars(susan.followers.select()).all() == []

    john.follow(susan)
    db.session.commit()
    assert john.is_following(susan)
    assert not susan.is_following(john)
    assert (john.followed_count, susan.follower_count) == (1, 1)
    assert [u.username for u in db.session.scalars(john.followed.select())] == ['susan']
    assert [u.username for u in db.session.scalars(susan.followers.select())] == ['john']

    john.unfollow(susan)
    db.session.commit()
    assert not john.is_following(susan)
    assert (john.followed_count, susan.follower_count) == (0, 0)


def test_follow_posts(make_user: MakeUser) -> None:
    john, susan, mary, david = map(make_user, ['john', 'susan', 'mary', 'david'])
    now = utcnow()
    of_john = Post(body='post from john', author=john, timestamp=now + timedelta(seconds=1))
    of_susan = Post(body='post from susan', author=susan, timestamp=now + timedelta(seconds=4))
    of_mary = Post(body='post from mary', author=mary, timestamp=now + timedelta(seconds=3))
    of_david = Post(body='post from david', author=david, timestamp=now + timedelta(seconds=2))
    db.session.add_all([of_john, of_susan, of_mary, of_david])
    db.session.commit()

    john.follow(susan)
    john.follow(david)
    susan.follow(mary)
    mary.follow(david)
    db.session.commit()

    def feed(reader: User) -> list[Post | None]:
        return [db.session.get(Post, entry.id) for entry in reader.followed_posts().newest(10)]

    assert feed(john) == [of_susan, of_david, of_john]
    assert feed(susan) == [of_susan, of_mary]
    assert feed(mary) == [of_mary, of_david]
    assert feed(david) == [of_david]


def test_representations(make_user: MakeUser) -> None:
    user = make_user('susan')
    assert repr(user) == '<User susan>'
    assert repr(Post(body='my first post!', author=user)) == '<Post my first post!>'
    db.session.rollback()


def test_two_hashes_of_one_password_differ() -> None:
    one, other = User(username='a', email='a'), User(username='b', email='b')
    one.set_password('cat')
    other.set_password('cat')
    assert one.password_hash != other.password_hash


def test_avatars_ignore_the_case_of_the_address() -> None:
    one = User(username='a', email='John@Example.COM')
    assert one.avatar(36) == User(username='b', email='john@example.com').avatar(36)


def test_times_are_set_when_the_row_is_written(make_user: MakeUser) -> None:
    before = utcnow()
    user = make_user('susan')
    post = Post(body='hello', author=user)
    db.session.add(post)
    db.session.commit()
    assert before <= post.timestamp <= utcnow()
    assert user.last_seen is not None
    assert before <= user.last_seen <= post.timestamp
    assert post.user_id == user.id


def test_microseconds_are_kept(make_user: MakeUser) -> None:
    user = make_user('susan')
    moment = utcnow().replace(microsecond=123_456)
    post = Post(body='hello', author=user, timestamp=moment)
    db.session.add(post)
    db.session.commit()
    assert post.timestamp == moment


def test_every_character_can_be_stored(make_user: MakeUser) -> None:
    body = '😀é\u0301ß漢字العربية\u202e<&>"\'%_\\'
    db.session.add(Post(body=body, author=make_user('susan')))
    db.session.commit()
    assert db.session.scalars(select(Post.body)).one() == body


def test_names_differ_by_accents_but_not_by_case(make_user: MakeUser) -> None:
    zoe, with_accent = make_user('zoe'), make_user('zoë')
    assert User.find('ZOE') == zoe
    assert User.find('ZOË') == with_accent
    assert User.find('zo') is None
    assert User.find('z\0e') is None
    assert User.find('%') is None
    with pytest.raises(IntegrityError):
        make_user('ZOE')
    db.session.rollback()


def test_the_very_spelling_wins(make_user: MakeUser) -> None:
    """In an upgraded database two names may differ in case alone."""
    first, second = make_user('Susan'), make_user('other')
    second.username = 'susan'
    second.username_key = 'susan#2'
    db.session.commit()
    assert User.find('Susan') == first
    assert User.find('susan') == second
    assert User.find('SUSAN') == first


def test_following_twice_counts_once(make_user: MakeUser) -> None:
    john, susan = make_user('john'), make_user('susan')
    assert john.follow(susan)
    assert not john.follow(susan)
    db.session.commit()
    assert not john.follow(susan)
    assert (john.followed_count, susan.follower_count) == (1, 1)
    assert john.unfollow(susan)
    assert not john.unfollow(susan)
    assert (john.followed_count, susan.follower_count) == (0, 0)


def test_the_database_refuses_following_oneself(make_user: MakeUser) -> None:
    john = make_user('john')
    pair = {'follower_id': john.id, 'followed_id': john.id}
    with pytest.raises((IntegrityError, OperationalError)):  # the latter is MariaDB's
        db.session.execute(followers.insert().values(pair))
    db.session.rollback()


def at_the_same_moment(app: Flask, *actions: Callable[[], object]) -> None:
    barrier = Barrier(len(actions))
    failures: list[BaseException] = []

    def run(action: Callable[[], object]) -> None:
        with app.app_context():
            barrier.wait()
            try:
                action()
                db.session.commit()
            except BaseException as failure:
                failures.append(failure)
                raise

    threads = [Thread(target=run, args=[action]) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    db.session.rollback()


def test_people_who_follow_each_other_at_the_same_moment(app: Flask, make_user: MakeUser) -> None:
    john, susan = make_user('john').id, make_user('susan').id

    def follow(one: int, other: int) -> None:
        follower, followed = db.session.get(User, one), db.session.get(User, other)
        assert follower is not None
        assert followed is not None
        follower.follow(followed)

    pairs = [(john, susan), (susan, john)] * 3
    at_the_same_moment(app, *(lambda pair=pair: follow(*pair) for pair in pairs))
    for user in db.session.scalars(select(User)):
        assert (user.followed_count, user.follower_count) == (1, 1)


def test_posts_of_one_author_at_the_same_moment(app: Flask, make_user: MakeUser) -> None:
    susan = make_user('susan').id

    def write() -> None:
        db.session.add(Post(body='hello', author=db.session.get(User, susan)))

    at_the_same_moment(app, *[write] * 6)
    assert db.session.scalars(select(User.post_count)).one() == 6
    assert db.session.scalar(select(func.count()).select_from(Post)) == 6


def test_posts_are_counted(make_user: MakeUser) -> None:
    susan = make_user('susan')
    posts = [Post(body=str(number), author=susan) for number in range(3)]
    db.session.add_all(posts)
    db.session.commit()
    assert susan.post_count == 3
    db.session.delete(posts[0])
    db.session.commit()
    assert susan.post_count == 2
    db.session.add(Post(body='taken back', author=susan))
    db.session.flush()
    db.session.rollback()
    assert susan.post_count == 2


def test_what_belongs_to_an_account_goes_with_it(make_user: MakeUser) -> None:
    john, susan, mary = map(make_user, ['john', 'susan', 'mary'])
    john.follow(susan)
    susan.follow(mary)
    db.session.add_all([Post(body='hello', author=susan), Post(body='bye', author=john)])
    db.session.commit()
    db.session.delete(susan)
    db.session.commit()
    assert db.session.scalars(select(Post.body)).all() == ['bye']
    assert db.session.execute(select(followers)).all() == []
    assert (john.followed_count, mary.follower_count) == (0, 0)
