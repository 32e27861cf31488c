"""Databases as the tutorial's readers have them, at any of its revisions.

There are two kinds under the same ids: the 2021 edition's, and the one that the author's later
code makes, which has more rules and indexes.
"""

from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    insert,
)

from tests.migrations.database import Database

USERS, POSTS, PROFILE, FOLLOWERS, LANGUAGE, MESSAGES, NOTIFICATIONS, TASKS, TOKENS = REVISIONS = (
    'e517276bb1c2',
    '780739b227a7',
    '37f06a334dbf',
    'ae346256b650',
    '2b017edaa91f',
    'd049de007ccf',
    'f7ac3d27bb1d',
    'c81bac34faab',
    '834b1a697901',
)
EDITION_2021, LATER_CODE = EDITIONS = ('2021 edition', 'later code')


def tables(edition: str, revision: str) -> MetaData:
    """Return the tables of `edition` at `revision`."""
    reached = REVISIONS[: REVISIONS.index(revision) + 1]
    later = edition == LATER_CODE
    metadata = MetaData()

    def required(name: str, type_: Any, *constraints: Any, **options: Any) -> Column[Any]:
        return Column(name, type_, *constraints, nullable=not later, **options)

    def owner(name: str, index: bool = True) -> Column[Any]:
        return required(name, Integer, ForeignKey('user.id'), index=later and index)

    users = Table(
        'user',
        metadata,
        Column('id', Integer, primary_key=True),
        required('username', String(64), index=True, unique=True),
        required('email', String(120), index=True, unique=True),
        Column('password_hash', String(256 if later else 128)),
    )
    if POSTS in reached:
        posts = Table(
            'post',
            metadata,
            Column('id', Integer, primary_key=True),
            required('body', String(140)),
            required('timestamp', DateTime, index=True),
            owner('user_id'),
        )
    if PROFILE in reached:
        users.append_column(Column('about_me', String(140)))
        users.append_column(Column('last_seen', DateTime))
    if FOLLOWERS in reached:
        Table(
            'followers',
            metadata,
            Column('follower_id', Integer, ForeignKey('user.id'), primary_key=later),
            Column('followed_id', Integer, ForeignKey('user.id'), primary_key=later),
        )
    if LANGUAGE in reached:
        posts.append_column(Column('language', String(5)))
    if MESSAGES in reached:
        Table(
            'message',
            metadata,
            Column('id', Integer, primary_key=True),
            owner('sender_id'),
            owner('recipient_id'),
            required('body', String(140)),
            required('timestamp', DateTime, index=True),
        )
        users.append_column(Column('last_message_read_time', DateTime))
    if NOTIFICATIONS in reached:
        Table(
            'notification',
            metadata,
            Column('id', Integer, primary_key=True),
            required('name', String(128), index=True),
            owner('user_id'),
            required('timestamp', Float, index=True),
            required('payload_json', Text),
        )
    if TASKS in reached:
        Table(
            'task',
            metadata,
            Column('id', String(36), primary_key=True),
            required('name', String(128), index=True),
            Column('description', String(128)),
            owner('user_id'),
            required('complete', Boolean),
        )
    if TOKENS in reached:
        users.append_column(Column('token', String(32)))
        users.append_column(Column('token_expiration', DateTime))
        Index('ix_user_token', users.c.token, unique=True)
    return metadata


def build(
    database: Database, edition: str, revision: str, rows: dict[str, list[dict[str, Any]]]
) -> None:
    """Make the tables of `edition` at `revision` and fill in what they can hold of `rows`."""
    metadata = tables(edition, revision)
    version = Table('alembic_version', MetaData(), Column('version_num', String(32)))
    with database.engine.connect() as connection:
        if database.backend == 'sqlite':
            # As in the tutorial, where nothing switched them on.
            connection.exec_driver_sql('PRAGMA foreign_keys = OFF')
        if database.backend == 'mysql':
            connection.exec_driver_sql('SET foreign_key_checks = 0')
        metadata.create_all(connection)
        version.create(connection)
        connection.execute(insert(version).values(version_num=revision))
        users = _fitting(metadata.tables['user'], rows['user'], set(), database.backend)
        user_ids = {row['id'] for row in users}
        for table in metadata.sorted_tables:
            for row in _fitting(table, rows.get(table.name, []), user_ids, database.backend):
                connection.execute(insert(table).values(row))
        connection.commit()


def _fitting(
    table: Table, rows: list[dict[str, Any]], user_ids: set[int], backend: str
) -> list[dict[str, Any]]:
    fitting: list[dict[str, Any]] = []
    for row in rows:
        values = {name: value for name, value in row.items() if name in table.c}
        if not all(_fits(table.c[name], values[name], user_ids, backend) for name in values):
            continue
        if table.name == 'followers' and table.primary_key.columns and values in fitting:
            continue
        fitting.append(values)
    return fitting


def _fits(column: Column[Any], value: Any, user_ids: set[int], backend: str) -> bool:
    if value is None:
        return bool(column.nullable)
    if column.foreign_keys and value not in user_ids:
        return backend != 'postgresql'
    too_long = isinstance(column.type, String) and len(value) > (column.type.length or len(value))
    return backend == 'sqlite' or not too_long
