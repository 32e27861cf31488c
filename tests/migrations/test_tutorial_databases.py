"""Databases of the tutorial's readers: after an upgrade everything is there and works."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import MetaData, Table, func, select, text
from werkzeug.security import generate_password_hash

from app import db
from app.models import Message, Notification, Post, Task, User, followers
from tests.conftest import close
from tests.migrations.conftest import NewDatabase
from tests.migrations.database import Database
from tests.migrations.tutorial import (
    EDITION_2021,
    EDITIONS,
    FOLLOWERS,
    LANGUAGE,
    LATER_CODE,
    POSTS,
    REVISIONS,
    TOKENS,
    USERS,
    build,
)

STARTS = [
    *((EDITION_2021, revision) for revision in REVISIONS),
    *((LATER_CODE, revision) for revision in (USERS, POSTS, FOLLOWERS, LANGUAGE, TOKENS)),
]
MOMENT = datetime(2021, 5, 4, 3, 2, 1)
NOBODY = 999


def account(id: int, username: str | None, email: str | None, **columns: Any) -> dict[str, Any]:
    # As Werkzeug 2 made them, but for the number of rounds.
    password_hash = generate_password_hash(f'password {id}', method='pbkdf2:sha256:1000')
    row = {'id': id, 'username': username, 'email': email, 'password_hash': password_hash}
    return {**row, **columns}


def moment(minutes: int) -> datetime:
    return MOMENT + timedelta(minutes=minutes)


LONG = 'x' * 300
SCRYPT = generate_password_hash('password 14')  # of the kind that is made today

ACCOUNTS = [
    account(1, 'susan', 'susan@example.com', about_me='Hello', last_seen=MOMENT, token='a' * 32),
    account(2, 'Susan', 'SUSAN@example.com'),
    account(3, None, None, token='b' * 32),
    account(4, '', ''),
    account(5, 'user3', 'user3@example.invalid'),
    account(6, 'ΜΑΡΙΑ', 'ΜΑΡΙΑ@example.com'),
    account(7, 'μαρια', 'μαρια@example.com'),
    account(8, 'susan#2', 'susan@example.com#2'),
    account(9, 'User4', 'USER4@example.invalid'),
    account(10, 'SUSAN', None),
    account(11, ' spaced out ', ' spaced@example.com'),
    account(12, 'ﬁsh', 'fish@example.com'),
    account(13, 'former-member', 'former-member@example.invalid'),
    account(14, 'scrypt', 'scrypt@example.com', password_hash=SCRYPT),
    account(15, 'locked', 'locked@example.com', password_hash=None),
    account(16, 'José', 'josé@example.com', about_me='ñ' * 140),
    account(17, 'x<&>?x', 'x'),
    account(18, LONG, f'{LONG}@example.com'),
    account(19, LONG + 'y', f'{LONG * 2}@example.com'),
    account(20, 'straße', 'straße@example.com'),
    account(21, 'STRASSE', 'STRASSE@example.com'),
]
POST_ROWS: list[dict[str, Any]] = [
    {'id': 1, 'body': 'undated first', 'timestamp': None, 'user_id': 1},
    {'id': 2, 'body': 'the second', 'timestamp': moment(20), 'user_id': 1, 'language': 'en'},
    {'id': 3, 'body': None, 'timestamp': moment(10), 'user_id': 2},
    {'id': 4, 'body': 'undated', 'timestamp': None, 'user_id': 3},
    {'id': 5, 'body': 'undated as well', 'timestamp': None, 'user_id': 18},
    {'id': 6, 'body': 'by nobody', 'timestamp': moment(30), 'user_id': None},
    {'id': 7, 'body': 'by somebody gone', 'timestamp': moment(40), 'user_id': NOBODY},
    {'id': 9, 'body': None, 'timestamp': None, 'user_id': None},
    {'id': 10, 'body': 'a long one ' * 30, 'timestamp': moment(50), 'user_id': 1},
    {'id': 11, 'body': 'é ≠ e', 'timestamp': moment(50), 'user_id': 16, 'language': ''},
    {
        'id': 12,
        'body': 'a odd language',
        'timestamp': moment(50),
        'user_id': 1,
        'language': 'x' * 9,
    },
]
PAIRS = [
    *[(1, 2), (1, 2), (1, 2), (2, 1), (1, 3), (3, 1), (16, 1), (18, 19), (18, 19)],
    *[(1, 1), (None, 1), (1, None), (None, None), (1, NOBODY), (NOBODY, 1), (NOBODY, NOBODY)],
]
ROWS: dict[str, list[dict[str, Any]]] = {
    'user': ACCOUNTS,
    'post': POST_ROWS,
    'followers': [{'follower_id': one, 'followed_id': other} for one, other in PAIRS],
    'message': [
        {'id': 1, 'sender_id': 1, 'recipient_id': 2, 'body': 'hi', 'timestamp': moment(1)},
        {'id': 2, 'sender_id': None, 'recipient_id': 1, 'body': None, 'timestamp': None},
        {'id': 3, 'sender_id': 1, 'recipient_id': NOBODY, 'body': 'x', 'timestamp': moment(3)},
        {'id': 4, 'sender_id': NOBODY, 'recipient_id': None, 'body': 'y', 'timestamp': None},
    ],
    'notification': [
        {'id': 1, 'name': 'unread', 'user_id': 1, 'timestamp': 1620000000.5, 'payload_json': '1'},
        {'id': 2, 'name': 'unread', 'user_id': NOBODY, 'timestamp': 1.5, 'payload_json': '1'},
        {'id': 3, 'name': 'unread', 'user_id': None, 'timestamp': 1.5, 'payload_json': '1'},
        {'id': 4, 'name': None, 'user_id': 1, 'timestamp': 1.5, 'payload_json': '1'},
        {'id': 5, 'name': 'unread', 'user_id': 1, 'timestamp': None, 'payload_json': '1'},
        {'id': 6, 'name': 'unread', 'user_id': 1, 'timestamp': 1.5, 'payload_json': None},
    ],
    'task': [
        {'id': 'a', 'name': 'export', 'description': 'd', 'user_id': 1, 'complete': True},
        {'id': 'b', 'name': None, 'description': None, 'user_id': 1, 'complete': None},
        {'id': 'c', 'name': 'export', 'description': None, 'user_id': None, 'complete': False},
        {'id': 'd', 'name': 'export', 'description': None, 'user_id': NOBODY, 'complete': False},
    ],
}


@pytest.fixture
def legacy(new_database: NewDatabase) -> Database:
    """An empty database in which names that differ only in case are two."""
    return new_database('utf8 COLLATE utf8_bin')


def _stored(database: Database, table: str) -> list[Any]:
    """Return the rows as they are, whatever the models say."""
    with database.engine.connect() as connection:
        metadata = MetaData()
        metadata.reflect(connection)
        if table not in metadata.tables:
            return []
        columns = metadata.tables[table]
        order = columns.c.values()[:2]
        return [*connection.execute(select(columns).order_by(*order)).mappings()]


def _log_in(app: Flask, username: str, password: str) -> tuple[FlaskClient, str | None]:
    """Fill in the login form; return the browser and the id of the account that it is in."""
    client = app.test_client()
    client.post('/auth/login', data={'username': username, 'password': password})
    with client.session_transaction() as session:
        return client, session.get('_user_id', '').partition('-')[0] or None


@pytest.mark.parametrize(('edition', 'revision'), STARTS)
def test_everything_is_kept_and_works(legacy: Database, edition: str, revision: str):
    build(legacy, edition, revision, ROWS)
    accounts, posts, pairs = (_stored(legacy, name) for name in ('user', 'post', 'followers'))
    assert len(accounts) > 10
    ids = {row['id'] for row in accounts}
    legacy.upgrade()

    with legacy.app.app_context():
        users = db.session.scalars(select(User).order_by(User.id)).all()
        _check_accounts(users, accounts)
        _check_posts(db.session.scalars(select(Post).order_by(Post.id)).all(), posts, ids)
        _check_followers(db.session.execute(select(followers)).all(), pairs, users)
        _check_counters(users)
        names = [user.username for user in users]
        db.session.remove()
    _check_schema(legacy)
    app = legacy.make_app(POSTS_PER_PAGE=100)
    _check_logins(app, dict(zip([user.id for user in users], names, strict=True)), accounts)
    _check_pages(app, names, posts)
    close(app)


def _check_schema(database: Database) -> None:
    with database.app.app_context():
        expected = {name: set(table.columns.keys()) for name, table in db.metadata.tables.items()}
    found = {name: set(table['columns']) for name, table in database.schema().items()}
    assert found == expected


def _check_accounts(users: Any, accounts: Any) -> None:
    kept = {user.id: user for user in users}
    for row in accounts:
        user = kept.pop(row['id'])
        for name in ('password_hash', 'about_me', 'last_seen'):
            assert getattr(user, name) == row.get(name)
        # A token that stood there for everybody to read is not good any more.
        assert user.token is None
        for name in ('username', 'email'):
            assert getattr(user, name)
            if row[name]:
                assert getattr(user, name) == row[name]
        found = [User.find(user.username), User.find_by_email(user.email)]
        assert found == [user, user]
    assert [user.password_hash for user in kept.values()] in ([], [None])
    for user in users:
        assert len(user.username_key) <= 192
        assert len(user.email_key) <= 360


def _check_posts(upgraded: Any, posts: Any, ids: set[int]) -> None:
    assert [post.id for post in upgraded] == [row['id'] for row in posts]
    with_time = [row['timestamp'] for row in posts if row['timestamp'] is not None]
    last_time = min(with_time, default=None)
    seen_any = False
    for post, row in zip(upgraded, posts, strict=True):
        assert post.body == (row['body'] or '')
        assert post.language == row.get('language')
        if row['user_id'] not in ids:
            assert post.author.password_hash is None
            assert post.author.email == 'former-member-2@example.invalid'
            assert post.author.username == 'former-member-2'
        else:
            assert post.user_id == row['user_id']
        if row['timestamp'] is not None:
            last_time, seen_any = row['timestamp'], True
        assert post.timestamp == last_time
    assert seen_any == bool(with_time)


def _check_followers(upgraded: Any, pairs: Any, users: Any) -> None:
    ids = {user.id for user in users}
    valid = {
        (row['follower_id'], row['followed_id'])
        for row in pairs
        if row['follower_id'] != row['followed_id'] and {*row.values()} <= ids
    }
    assert sorted(map(tuple, upgraded)) == sorted(valid)


def _check_counters(users: Any) -> None:
    for column, counter in (
        (Post.user_id, 'post_count'),
        (followers.c.followed_id, 'follower_count'),
        (followers.c.follower_id, 'followed_count'),
    ):
        counted = Counter(db.session.scalars(select(column)))
        assert {user.id: getattr(user, counter) for user in users} == {
            user.id: counted[user.id] for user in users
        }


def _check_logins(app: Flask, names: dict[int, str], accounts: Any) -> None:
    for row in accounts:
        name = names[row['id']]
        _, user_id = _log_in(app, name, f'password {row["id"]}')
        assert user_id == (None if row['password_hash'] is None else str(row['id'])), name


def _check_pages(app: Flask, names: list[str], posts: Any) -> None:
    client, _ = _log_in(app, 'susan', 'password 1')
    for name in names:
        for page in ('', '/followers', '/following'):
            response = client.get(f'/user/{quote(name)}{page}')
            assert response.status_code == 200, name
    assert client.get('/index').status_code == 200
    feed = client.get('/explore')
    assert feed.status_code == 200
    for row in posts:
        assert (row['body'] or '').strip() in feed.text
    response = client.post('/', data={'post': 'Written after the upgrade'}, follow_redirects=True)
    assert 'Written after the upgrade' in response.text


@pytest.mark.parametrize('edition', EDITIONS)
def test_ends_in_the_models_schema(new_database: NewDatabase, legacy: Database, edition: str):
    expected = new_database()
    expected.create_all()
    build(legacy, edition, TOKENS, ROWS)
    legacy.upgrade()
    assert legacy.schema() == expected.schema()


@pytest.mark.parametrize(('edition', 'revision'), [(EDITION_2021, TOKENS), (LATER_CODE, LANGUAGE)])
def test_back_to_the_tutorial_and_up_again(legacy: Database, edition: str, revision: str):
    build(legacy, edition, revision, ROWS)
    legacy.upgrade()
    accounts, posts = _stored(legacy, 'user'), _stored(legacy, 'post')
    schema = legacy.schema()
    legacy.downgrade(TOKENS)
    legacy.upgrade()
    assert _stored(legacy, 'user') == accounts
    assert _stored(legacy, 'post') == posts
    assert legacy.schema() == schema
    legacy.downgrade('base')
    assert legacy.schema() == {}


def test_names_and_keys(legacy: Database):
    build(legacy, EDITION_2021, TOKENS, ROWS)
    legacy.upgrade()
    rows = {row['id']: row for row in _stored(legacy, 'user')}
    assert {key: rows[key]['username'] for key in (2, 3, 4, 10)} == {
        2: 'Susan',
        3: 'user3-2',
        4: 'user4-2',
        10: 'SUSAN',
    }
    assert rows[3]['email'] == 'user3-2@example.invalid'
    assert rows[4]['email'] == 'user4-2@example.invalid'
    assert rows[10]['email'] == 'user10@example.invalid'
    assert {key: rows[key]['username_key'] for key in (1, 2, 6, 7, 8, 9, 10, 11, 12, 20, 21)} == {
        1: 'susan',
        2: 'susan#2-2',
        6: 'μαρια',
        7: 'μαρια#7',
        8: 'susan#2',
        9: 'user4',
        10: 'susan#10',
        11: 'spaced out',
        12: 'fish',
        20: 'strasse',
        21: 'strasse#21',
    }
    assert {key: rows[key]['email_key'] for key in (1, 2)} == {
        1: 'susan@example.com',
        2: 'susan@example.com#2-2',
    }
    if 18 in rows:
        assert rows[18]['username_key'] == 'x' * 192
        assert rows[19]['username_key'] == f'{"x" * 189}#19'


def test_the_rest_of_the_rows(legacy: Database):
    build(legacy, EDITION_2021, TOKENS, ROWS)
    kept = {row['id'] for row in _stored(legacy, 'message')}
    legacy.upgrade()
    with legacy.app.app_context():
        messages = db.session.scalars(select(Message).order_by(Message.id)).all()
        assert {message.id for message in messages} == kept
        placeholder = 'former-member-2'
        expected = {
            1: ('susan', 'Susan', 'hi', moment(1)),
            2: (placeholder, 'susan', '', moment(1)),
            3: ('susan', placeholder, 'x', moment(3)),
            4: (placeholder, placeholder, 'y', moment(3)),
        }
        for message in messages:
            people = message.author.username, message.recipient.username
            assert (*people, message.body, message.timestamp) == expected[message.id]
        assert db.session.scalars(select(Notification.id)).all() == [1]
        tasks = db.session.scalars(select(Task).order_by(Task.id)).all()
        assert [(task.id, task.name, task.complete) for task in tasks] == [
            ('a', 'export', True),
            ('b', '', True),
        ]
        db.session.remove()


def test_no_placeholder_without_need(database: Database):
    build(database, EDITION_2021, POSTS, {'user': ACCOUNTS[:1], 'post': POST_ROWS[:2]})
    database.upgrade()
    assert [row['username'] for row in _stored(database, 'user')] == ['susan']


def test_the_placeholder_is_used_again(database: Database):
    orphan = {'user': ACCOUNTS[:1], 'post': POST_ROWS[5:6]}
    build(database, EDITION_2021, POSTS, orphan)
    database.upgrade()
    database.downgrade(TOKENS)
    with database.engine.begin() as connection:
        connection.execute(text('UPDATE post SET user_id = NULL'))
    database.upgrade()
    names = [row['username'] for row in _stored(database, 'user')]
    assert names == ['susan', 'former-member']


def test_undated_posts_alone(database: Database):
    posts = [{'id': n, 'body': 'x', 'timestamp': None, 'user_id': 1} for n in (1, 2)]
    build(database, EDITION_2021, POSTS, {'user': ACCOUNTS[:1], 'post': posts})
    database.upgrade()
    with database.app.app_context():
        age = (
            datetime.now(UTC).replace(tzinfo=None)
            - db.session.scalars(select(Post.timestamp)).all()[0]
        )
        assert abs(age) < timedelta(minutes=5)
        db.session.remove()


def test_many_rows(database: Database):
    """More than one batch of everything that goes in batches."""
    total = 2500
    build(database, EDITION_2021, FOLLOWERS, {'user': ACCOUNTS[:1]})
    with database.engine.connect() as connection:
        metadata = MetaData()
        user, post = (Table(name, metadata, autoload_with=connection) for name in ('user', 'post'))
        connection.execute(
            user.insert(),
            [{'id': n, 'username': f'Person{n}', 'email': f'P{n}'} for n in range(2, total)],
        )
        connection.execute(
            post.insert(),
            [
                {'body': f'{n}', 'user_id': n, 'timestamp': None if n % 5 else moment(n)}
                for n in range(1, total)
            ],
        )
        connection.commit()
    database.upgrade()
    with database.app.app_context():
        assert db.session.scalar(select(func.count()).where(User.username_key.like('person%')))
        assert User.find(f'PERSON{total - 1}') is not None
        dates = dict(db.session.execute(select(Post.body, Post.timestamp)).all())
        assert dates == {f'{n}': moment(max(n - n % 5, 5)) for n in range(1, total)}
        db.session.remove()


@pytest.mark.parametrize('charset', ['latin1', 'utf8', 'utf8mb4 COLLATE utf8mb4_general_ci'])
def test_charsets_of_mariadb(new_database: NewDatabase, charset: str):
    database, expected = new_database(charset), new_database()
    if database.backend != 'mysql':
        pytest.skip('only MariaDB has a character set for each database')
    rows = {'user': [ACCOUNTS[0], ACCOUNTS[15]], 'post': POST_ROWS[:3]}
    build(database, EDITION_2021, LANGUAGE, rows)
    expected.create_all()
    database.upgrade()
    assert database.schema() == expected.schema()
    stored = _stored(database, 'user')[1]
    assert (stored['username'], stored['about_me']) == ('José', 'ñ' * 140)
    with database.engine.begin() as connection:
        statement = 'INSERT INTO post (id, body, timestamp, user_id, language) VALUES '
        connection.execute(text(statement + "(99, '🎉', now(), 1, 'en')"))
    assert ('🎉',) in database.rows('SELECT body FROM post')
