"""`flask demo`: what it writes, and where it refuses to write."""

import unicodedata
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskCliRunner
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from app.cli.demo import bulk
from app.cli.demo.filling import texts
from app.extensions import db
from app.markup import mentions as names_in
from app.markup import tag_key
from app.markup import tags as tags_in
from app.models import Post, User, followers
from app.models.activity import (
    ANSWER,
    FOLLOW,
    LIKE,
    MENTION,
    MOST_UNREAD,
    REPOST,
    Activities,
    Activity,
)
from app.models.mention import mentions
from app.models.message import NEVER
from app.models.reaction import bookmarks, contexts, likes
from app.models.tag import Tag, post_tags
from app.names import flaw_of
from app.text import case_key, is_plain, normalize_name

COMMUNITY = texts('community')
PEOPLE = COMMUNITY['people']
COUNTERS = ['reply_count', 'like_count', 'repost_count']


def count(column: Any, person: User) -> int | None:
    return db.session.scalar(select(func.count()).where(column == person.id))


def assert_consistent() -> None:
    """Check what both kinds of demo data promise."""
    posts = db.session.scalars(select(Post)).all()
    people = set()
    for person in db.session.scalars(select(User)):
        begun = [post for post in posts if post.user_id == person.id and not post.is_answer]
        assert person.post_count == len(begun)
        assert person.follower_count == count(followers.c.followed_id, person)
        assert person.followed_count == count(followers.c.follower_id, person)
        assert flaw_of(person.username) is None
        assert normalize_name(person.username) == person.username
        assert person.username_key == case_key(person.username)
        assert person.email_key == case_key(person.email)
        assert person.email.endswith('@example.com')
        assert person.last_seen is not None
        people.add(person.id)
    by_id = {post.id: post for post in posts}
    for post in posts:
        assert post.user_id in people
        assert post.is_answer == (post.in_reply_to is not None)
        above = post.in_reply_to or post.repost_of
        if above is not None:
            assert by_id[above].repost_of is None
            assert by_id[above].timestamp < post.timestamp
        if post.repost_of is not None:
            assert post.body == post.language == ''
            continue
        assert 0 < len(post.body) <= 140
        assert is_plain(post.body)
        assert post.body == post.body.strip()
        assert post.edited is None or post.edited > post.timestamp
    assert_counted(posts)
    assert_found_by_what_they_say(posts)
    assert_told(posts)


def assert_counted(posts: Any) -> None:
    replies = Counter(post.in_reply_to for post in posts)
    reposts = Counter(post.repost_of for post in posts)
    liked = Counter(db.session.scalars(select(likes.c.post_id)))
    for post in posts:
        numbers = post.reply_count, post.repost_count, post.like_count
        assert numbers == (replies[post.id], reposts[post.id], liked[post.id])


def assert_found_by_what_they_say(posts: Any) -> None:
    """Each post is under its tags, and mentions whom it names."""
    columns = post_tags.c.post_id, Tag.key, post_tags.c.timestamp
    tagged = db.session.execute(select(*columns).join(Tag, Tag.id == post_tags.c.tag_id))
    assert sorted(map(tuple, tagged)) == sorted(
        (post.id, key, post.timestamp) for post in posts for key in tags_in(post.body)
    )
    assert all(tag.key == tag_key(tag.name) for tag in db.session.scalars(select(Tag)))
    people: dict[str, int] = dict(db.session.execute(select(User.username_key, User.id)).all())
    named = {
        (post.id, key, people[key])
        for post in posts
        for keys in names_in(post.body)
        if (key := next(filter(people.__contains__, keys), None)) is not None
    }
    assert {*map(tuple, db.session.execute(select(mentions)))} == named


def assert_told(posts: Any) -> None:
    """Everybody is told what concerns them, once, and of nothing that they did themselves."""
    author = {post.id: post.user_id for post in posts}
    told = {
        (author[post.in_reply_to], ANSWER, post.user_id, post.id)
        for post in posts
        if post.is_answer
    }
    answered = {(person, post_id) for person, _, _, post_id in told}
    for post_id, person in db.session.execute(select(mentions.c.post_id, mentions.c.user_id)):
        if (person, post_id) not in answered:
            told.add((person, MENTION, author[post_id], post_id))
    for follower, followed in db.session.execute(select(followers)):
        told.add((followed, FOLLOW, follower, None))
    one_by_one = {entry for entry in told if entry[0] != entry[2]}
    liking = {*map(tuple, db.session.execute(select(likes.c.post_id, likes.c.user_id)))}
    reposting = {(post.repost_of, post.user_id) for post in posts if post.repost_of}
    # Of these one entry tells, by one of those who did it.
    together = {
        (author[post_id], kind, post_id)
        for kind, pairs in ((LIKE, liking), (REPOST, reposting))
        for post_id, person in pairs
        if author[post_id] != person
    }
    found = db.session.scalars(select(Activity)).all()
    rows = [(entry.user_id, entry.kind, entry.actor_id, entry.post_id) for entry in found]
    assert sorted(row for row in rows if row[1] not in (LIKE, REPOST)) == sorted(one_by_one)
    applause = [row for row in rows if row[1] in (LIKE, REPOST)]
    assert sorted((row[0], row[1], row[3]) for row in applause) == sorted(together)
    for person, kind, actor, post_id in applause:
        assert actor != person
        assert (post_id, actor) in {LIKE: liking, REPOST: reposting}[kind]
    for user in db.session.scalars(select(User)):
        since = user.last_activity_read_time or NEVER
        new = [row for row in found if row.user_id == user.id and row.timestamp > since]
        assert user.unread_activity_count == min(len(new), MOST_UNREAD)


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

    monkeypatch.setattr('app.models.User.repost', interrupt)
    assert runner.invoke(args=['demo']).exit_code == 1
    assert number_of(User) == number_of(Post) == 0


def test_refuses_when_another_process_is_quicker(runner: FlaskCliRunner) -> None:
    """The other one commits after our look at the empty table and before our first row."""

    overtaken: list[str] = []

    def overtake(_connection, _cursor, statement, *_others):
        if statement.startswith('INSERT') and not overtaken:
            overtaken.append(statement)
            with Session(db.engine) as other_session:
                other_session.add(User(username='susan', email='other@example.com'))
                other_session.commit()

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
    assert 190 <= (number_of(Post) or 0) <= 240
    assert_consistent()

    languages = set(db.session.scalars(select(Post.language)))
    assert len(languages) >= 14
    assert '' in languages  # emoji alone are of no language

    susan = User.find('susan')
    assert susan is not None
    assert susan.followed_count == len(PEOPLE) // 2
    assert list(passwords(result.output)) == ['susan']
    assert susan.check_password(passwords(result.output)['susan'])
    others = db.session.scalars(select(User).where(User.id != susan.id))
    assert {person.password_hash for person in others} == {None}


def test_a_newcomer_sees_on_the_first_page_what_there_is(runner: FlaskCliRunner) -> None:
    runner.invoke(args=['demo'])
    susan = User.find('susan')
    assert susan is not None
    entries = susan.followed_posts().page(1, 25).items
    assert len(entries) == 25
    found = contexts(susan.id, [entry.id for entry in entries]).values()
    for facts in (
        {entry.reposted_by for entry in entries} - {None},
        {entry.edited for entry in entries} - {None},
        *({getattr(entry, name) for entry in entries} - {0} for name in COUNTERS),
        {context.names for context in found} - {()},
        {context.bookmarked for context in found} - {False},
        {context.liked for context in found} - {False},
        {tag for entry in entries for tag in tags_in(entry.body)},
    ):
        assert facts
    # One of the conversations is five answers deep.
    depths: dict[int, int] = {}
    for post in db.session.scalars(select(Post).order_by(Post.id)):
        depths[post.id] = depths[post.in_reply_to] + 1 if post.in_reply_to else 0
    assert max(depths.values()) == 5
    # She has seen some of what concerns her, and all kinds are there.
    kinds = Counter(item.kind for item in Activities(susan).page(1, 25).items)
    assert {*kinds} == {ANSWER, FOLLOW, LIKE, MENTION, REPOST}
    assert 0 < susan.unread_activity_count < 25


def test_community_is_written_in_order_and_not_in_the_future(runner: FlaskCliRunner) -> None:
    runner.invoke(args=['demo'])
    times = db.session.scalars(select(Post.timestamp).order_by(Post.id)).all()
    assert times == sorted(times)
    last_seen = db.session.scalars(select(User.last_seen)).all()
    assert max(times) <= max(filter(None, last_seen))
    assert (times[-1] - times[0]).days > 90


def test_community_texts() -> None:
    posts = [post for conversation in COMMUNITY['conversations'] for post in conversation]
    bodies = [body for _minutes, _author, _language, body, *_more in posts]
    assert {author for _minutes, author, *_rest in posts} == {one['username'] for one in PEOPLE}
    assert len({*bodies}) == len(bodies)
    assert any('\n' in body for body in bodies)
    assert any('https://example.org/' in body for body in bodies)
    scripts = {unicodedata.name(c).split()[0] for body in bodies for c in body if c.isalpha()}
    assert scripts >= {'ARABIC', 'CJK', 'CYRILLIC', 'DEVANAGARI', 'GREEK', 'HANGUL', 'HEBREW'}
    assert all(len(person['about_me'] or '') <= 140 for person in PEOPLE)


def test_bulk(runner: FlaskCliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, 'BATCH', 64)
    monkeypatch.setattr(bulk, 'READER_SHARE', 0.01)
    monkeypatch.setattr('app.cli.demo.words.VOCABULARY_SIZE', 200)
    result = runner.invoke(args=['demo', '--users', '60', '--posts', '500'])
    assert result.exit_code == 0, result.output
    assert number_of(User) == 60
    assert_consistent()
    posts = db.session.scalars(select(Post)).all()
    assert len([post for post in posts if not post.is_answer and post.repost_of is None]) == 500
    assert len([post for post in posts if post.is_answer]) == 150
    assert len([post for post in posts if post.repost_of is not None]) == 50
    assert sum(post.like_count for post in posts) == 2500
    assert max(post.reply_count for post in posts) >= 5
    liked = User.find(bulk.LIKED_READER)
    assert liked is not None
    assert sum(post.like_count for post in posts if post.user_id == liked.id) == 50
    kept = set(db.session.scalars(select(bookmarks.c.user_id)))
    assert kept == {User.find(name).id for name in bulk.READERS}  # type: ignore[union-attr]
    words = Counter(db.session.scalars(select(post_tags.c.tag_id))).most_common(2)
    assert words[0][1] > words[1][1]
    codes = {language['code'] for language in texts('bulk')['languages']}
    assert {post.language for post in posts if post.repost_of is None} == codes

    # The ids of posts go on where the rows that came with their own end.
    new = Post(body='One more', author=liked)
    db.session.add(new)
    db.session.commit()
    assert new.id > max(post.id for post in posts)

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
