"""`flask demo`: what it writes, and where it refuses to write."""

import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskCliRunner
from sqlalchemy import event, func, select

from app.cli.demo import bulk
from app.cli.demo.filling import texts
from app.extensions import db
from app.models import Post, User, followers
from app.names import flaw_of
from app.text import case_key, is_plain, normalize_name

COMMUNITY = texts('community')
PEOPLE = COMMUNITY['people']


def count(column: Any, person: User) -> int | None:
    return db.session.scalar(select(func.count()).where(column == person.id))


def assert_consistent() -> None:
    """Check what both kinds of demo data promise."""
    for person in db.session.scalars(select(User)):
        assert person.post_count == count(Post.user_id, person)
        assert person.follower_count == count(followers.c.followed_id, person)
        assert person.followed_count == count(followers.c.follower_id, person)
        assert flaw_of(person.username) is None
        assert normalize_name(person.username) == person.username
        assert person.username_key == case_key(person.username)
        assert person.email_key == case_key(person.email)
        assert person.email.endswith('@example.com')
        assert person.last_seen is not None
    authors = set(db.session.scalars(select(User.id)))
    for post in db.session.scalars(select(Post)):
        assert 0 < len(post.body) <= 140
        assert is_plain(post.body)
        assert post.body == post.body.strip()
        assert post.user_id in authors


def passwords(output: str) -> dict[str, str]:
    lines = [line for line in output.splitlines() if line.startswith('Log in as ')]
    return {line.split()[3]: line.split()[-1] for line in lines}


def number_of(model: type[User] | type[Post]) -> int | None:
    return db.session.scalar(select(func.count()).select_from(model))


@pytest.mark.parametrize('options', [[], ['--users', '20', '--posts', '5']])
def test_refuses_a_database_with_people(
    runner: FlaskCliRunner, make_user: Callable[..., User], options: list[str]
) -> None:
    make_user('somebody')
    result = runner.invoke(args=['demo', *options])
    assert result.exit_code == 1
    assert 'Nothing changed' in result.output
    assert 'password' not in result.output
    assert number_of(User) == 1
    assert number_of(Post) == 0


def test_writes_all_or_nothing(runner: FlaskCliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr('app.cli.demo.community.recount', interrupt)
    assert runner.invoke(args=['demo']).exit_code == 1
    assert number_of(User) == number_of(Post) == 0


def test_refuses_when_another_process_is_quicker(runner: FlaskCliRunner) -> None:
    """The other one commits after our look at the empty table and before our first row."""

    overtaken: list[str] = []

    def overtake(_connection, _cursor, statement, *_others):
        if statement.startswith('INSERT') and not overtaken:
            overtaken.append(statement)
            db.session.add(User(username='susan', email='other@example.com'))
            db.session.commit()

    event.listen(db.engine, 'before_cursor_execute', overtake)
    result = runner.invoke(args=['demo'])
    event.remove(db.engine, 'before_cursor_execute', overtake)
    assert result.exit_code == 1
    assert 'Nothing changed' in result.output
    assert number_of(User) == 1
    assert number_of(Post) == 0


def test_asks_for_tables(runner: FlaskCliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr('sqlalchemy.engine.reflection.Inspector.has_table', lambda *_: False)
    result = runner.invoke(args=['demo'])
    assert result.exit_code == 1
    assert 'flask db upgrade' in result.output


def test_community(runner: FlaskCliRunner) -> None:
    result = runner.invoke(args=['demo'])
    assert result.exit_code == 0, result.output
    assert number_of(User) == len(PEOPLE)
    assert 190 <= (number_of(Post) or 0) <= 220
    assert_consistent()

    languages = set(db.session.scalars(select(Post.language)))
    assert len(languages) >= 14
    assert '' in languages  # emoji alone are of no language

    susan = User.find('susan')
    assert susan is not None
    assert susan.followed_count == len(PEOPLE) // 2
    assert len(susan.followed_posts().page(1, 25).items) == 25
    assert list(passwords(result.output)) == ['susan']
    assert susan.check_password(passwords(result.output)['susan'])
    others = db.session.scalars(select(User).where(User.id != susan.id))
    assert {person.password_hash for person in others} == {None}


def test_community_is_written_in_order_and_not_in_the_future(runner: FlaskCliRunner) -> None:
    runner.invoke(args=['demo'])
    times = db.session.scalars(select(Post.timestamp).order_by(Post.id)).all()
    assert times == sorted(times)
    last_seen = db.session.scalars(select(User.last_seen)).all()
    assert max(times) <= max(filter(None, last_seen))
    assert (times[-1] - times[0]).days > 90


def test_community_texts() -> None:
    posts = [post for conversation in COMMUNITY['conversations'] for post in conversation]
    bodies = [body for _minutes, _author, _language, body in posts]
    assert {author for _minutes, author, *_rest in posts} == {one['username'] for one in PEOPLE}
    assert len({*bodies}) == len(bodies)
    assert any('\n' in body for body in bodies)
    assert any('https://example.org/' in body for body in bodies)
    scripts = {unicodedata.name(c).split()[0] for body in bodies for c in body if c.isalpha()}
    assert scripts >= {'ARABIC', 'CJK', 'CYRILLIC', 'DEVANAGARI', 'GREEK', 'HANGUL', 'HEBREW'}
    assert all(len(person['about_me'] or '') <= 140 for person in PEOPLE)


def test_bulk(runner: FlaskCliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, 'BATCH', 64)
    monkeypatch.setattr('app.cli.demo.words.VOCABULARY_SIZE', 200)
    result = runner.invoke(args=['demo', '--users', '60', '--posts', '500'])
    assert result.exit_code == 0, result.output
    assert number_of(User) == 60
    assert number_of(Post) == 500
    assert_consistent()
    codes = {language['code'] for language in texts('bulk')['languages']}
    assert set(db.session.scalars(select(Post.language))) == codes

    logins = passwords(result.output)
    assert list(logins) == list(bulk.READERS)
    followed_by = {}
    for name, password in logins.items():
        reader = User.find(name)
        assert reader is not None
        assert reader.check_password(password)
        followed_by[name] = reader.followed_count
    assert followed_by['reader-0'] == 0
    assert followed_by['reader-50'] == 50
    assert followed_by['reader-5000'] == 59

    quiet = User.find(bulk.QUIET_READER)
    assert quiet is not None
    assert quiet.followed_count == 29
    times = db.session.scalars(select(Post.timestamp).order_by(Post.timestamp)).all()
    assert quiet.followed_posts().newest(1)[0].timestamp < times[0] + bulk.TIME_SPAN * 0.26


def test_bulk_of_the_smallest_size(runner: FlaskCliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr('app.cli.demo.words.VOCABULARY_SIZE', 200)
    result = runner.invoke(args=['demo', '--users', '10', '--posts', '0'])
    assert result.exit_code == 0, result.output
    assert number_of(User) == 10
    assert_consistent()


def test_bulk_needs_both_numbers(runner: FlaskCliRunner) -> None:
    assert runner.invoke(args=['demo', '--users', '20']).exit_code == 2
    assert runner.invoke(args=['demo', '--posts', '20']).exit_code == 2
