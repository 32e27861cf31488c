"""posts of their own

Revision ID: a41f7c20e6d9
Revises: 4e8a2f7b9c15

Posts can answer one another, be edited, liked, passed on and kept; what mentions somebody or has
a tag is found by it; and everybody has a list of what concerns them. What was written before is
put under its tags and gets its mentions, of which nobody is told.

Going back, answers become posts like all others, and reposts, which have no text, are deleted.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from app.database import Timestamp
from app.markup import mentions as names_in
from app.markup import tags as tags_in
from migrations.reshape import giving_ids_once, has_column, has_index, has_table

revision = 'a41f7c20e6d9'
down_revision = '4e8a2f7b9c15'
branch_labels = None
depends_on = None

BATCH = 1000  # rows
OPTIONS: dict[str, Any] = {
    'mysql_charset': 'utf8mb4',
    'mysql_collate': 'utf8mb4_bin',
    'sqlite_autoincrement': True,
}
COUNTERS = ('reply_count', 'like_count', 'repost_count')
INDEXES = {
    'ix_post_is_answer_timestamp_id': ['is_answer', 'timestamp', 'id'],
    'ix_post_user_id_is_answer_timestamp_id': ['user_id', 'is_answer', 'timestamp', 'id'],
    'ix_post_in_reply_to_timestamp_id': ['in_reply_to', 'timestamp', 'id'],
}
UNIQUE = 'ix_post_repost_of_user_id'
FOREIGN_KEY = 'fk_post_repost_of_post'
LATEST = 'ix_post_timestamp'

post = sa.table(
    'post',
    *map(sa.column, ('id', 'body', 'user_id', 'repost_of')),
    sa.column('timestamp', Timestamp),
)
user = sa.table('user', *map(sa.column, ('id', 'username_key', 'post_count')))
notification = sa.table('notification', sa.column('name'))


def _reference(column: str, table: str, **options: Any) -> sa.Column[int]:
    key = sa.ForeignKey(f'{table}.id', ondelete='CASCADE')
    return sa.Column(column, sa.Integer, key, **options)


def _tables() -> list[sa.Table]:
    """Return the new tables; those that they refer to come first."""
    metadata = sa.MetaData(
        naming_convention={
            'ix': 'ix_%(table_name)s_%(column_0_N_name)s',
            'fk': 'fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s',
        }
    )
    for existing in ('user', 'post'):
        sa.Table(existing, metadata, sa.Column('id', sa.Integer, primary_key=True))
    return [
        sa.Table(
            'tag',
            metadata,
            sa.Column('id', sa.Integer, primary_key=True),
            sa.Column('key', sa.String(420), nullable=False),
            sa.Column('name', sa.String(140), nullable=False),
            sa.Index('ix_tag_key', 'key', unique=True),
            **OPTIONS,
        ),
        sa.Table(
            'post_tags',
            metadata,
            _reference('post_id', 'post', primary_key=True),
            _reference('tag_id', 'tag', primary_key=True),
            sa.Column('timestamp', Timestamp, nullable=False),
            sa.Index(None, 'tag_id', 'timestamp', 'post_id'),
            **OPTIONS,
        ),
        sa.Table(
            'mentions',
            metadata,
            _reference('post_id', 'post', primary_key=True),
            sa.Column('name_key', sa.String(192), primary_key=True),
            _reference('user_id', 'user', nullable=False),
            sa.Index(None, 'user_id', 'post_id'),
            **OPTIONS,
        ),
        sa.Table(
            'likes',
            metadata,
            _reference('post_id', 'post', primary_key=True),
            _reference('user_id', 'user', primary_key=True),
            sa.Column('timestamp', Timestamp, nullable=False),
            sa.Index(None, 'user_id', 'post_id'),
            **OPTIONS,
        ),
        sa.Table(
            'bookmarks',
            metadata,
            _reference('user_id', 'user', primary_key=True),
            _reference('post_id', 'post', primary_key=True),
            sa.Column('timestamp', Timestamp, nullable=False),
            sa.Index(None, 'user_id', 'timestamp', 'post_id'),
            sa.Index(None, 'post_id'),
            **OPTIONS,
        ),
        sa.Table(
            'activity',
            metadata,
            sa.Column('id', sa.Integer, primary_key=True),
            _reference('user_id', 'user', nullable=False),
            sa.Column('kind', sa.String(16), nullable=False),
            _reference('actor_id', 'user', nullable=False),
            _reference('post_id', 'post'),
            sa.Column('timestamp', Timestamp, nullable=False),
            sa.Index(None, 'user_id', 'timestamp', 'id'),
            sa.Index(None, 'actor_id', 'kind'),
            sa.Index(None, 'post_id', 'kind'),
            **OPTIONS,
        ),
    ]


def upgrade() -> None:
    # Where MariaDB, which cannot undo an ALTER, was interrupted, this goes on.
    columns: list[sa.Column[Any]] = [
        sa.Column('last_activity_read_time', Timestamp),
        sa.Column('unread_activity_count', sa.Integer, nullable=False, server_default='0'),
    ]
    for column in columns:
        if not has_column('user', column.name):
            op.add_column('user', column)
    if not has_index('post', UNIQUE):
        with giving_ids_once('post') as batch:
            _add_columns(batch)
    tables = {table.name: table for table in _tables()}
    for table in tables.values():
        if not has_table(table.name):
            table.create(op.get_bind())
    _relate(tables)


def _add_columns(batch: Any) -> None:
    columns: list[sa.Column[Any]] = [
        sa.Column('edited', Timestamp),
        sa.Column('in_reply_to', sa.Integer),
        sa.Column('is_answer', sa.Boolean, nullable=False, server_default='0'),
        sa.Column('repost_of', sa.Integer),
        *(sa.Column(name, sa.Integer, nullable=False, server_default='0') for name in COUNTERS),
    ]
    for column in columns:
        if not has_column('post', column.name):
            batch.add_column(column)
    for name, indexed in INDEXES.items():
        if not has_index('post', name):
            batch.create_index(name, indexed)
    if has_index('post', LATEST):
        batch.drop_index(LATEST)
    batch.create_foreign_key(FOREIGN_KEY, 'post', ['repost_of'], ['id'], ondelete='CASCADE')
    batch.create_index(UNIQUE, ['repost_of', 'user_id'], unique=True)


def _relate(tables: dict[str, sa.Table]) -> None:
    """Put what was written before under its tags, and note whom it mentions."""
    connection = op.get_bind()
    marked = post.c.body.contains('#') | post.c.body.contains('@')
    rows = sa.select(post.c.id, post.c.body, post.c.timestamp).where(marked).order_by(post.c.id)
    known: dict[str, int] = {}
    last = 0
    while found := connection.execute(rows.where(post.c.id > last).limit(BATCH)).all():
        last = found[-1].id
        _tag(tables, known, found)
        _mention(tables['mentions'], found)


def _tag(tables: dict[str, sa.Table], known: dict[str, int], found: Any) -> None:
    connection, tag = op.get_bind(), tables['tag']
    tagged = []
    for id_, body, timestamp in found:
        for key, name in tags_in(body).items():
            if key not in known:
                same = sa.select(tag.c.id).where(tag.c.key == key)
                if connection.scalar(same) is None:
                    connection.execute(tag.insert().values(key=key, name=name))
                known[key] = connection.scalars(same).one()
            tagged.append({'post_id': id_, 'tag_id': known[key], 'timestamp': timestamp})
    _insert(tables['post_tags'], tagged, found)


def _mention(mentions: sa.Table, found: Any) -> None:
    candidates = {id_: names_in(body) for id_, body, _ in found}
    keys = {key for names in candidates.values() for name in names for key in name}
    ids: dict[str, int] = {}
    some = [*keys]
    for start in range(0, len(some), BATCH):
        named = user.c.username_key.in_(some[start : start + BATCH])
        called = sa.select(user.c.username_key, user.c.id).where(named)
        ids |= dict(op.get_bind().execute(called).all())
    mentioned = {
        (id_, next((key for key in name if key in ids), None))
        for id_, names in candidates.items()
        for name in names
    }
    rows = [
        {'post_id': id_, 'name_key': key, 'user_id': ids[key]}
        for id_, key in sorted(mentioned, key=str)
        if key is not None
    ]
    _insert(mentions, rows, found)


def _insert(table: sa.Table, rows: list[dict[str, Any]], found: Any) -> None:
    """Insert what belongs to the posts `found`, instead of what an interrupted upgrade has."""
    between = table.c.post_id.between(found[0].id, found[-1].id)
    op.execute(table.delete().where(between))
    if rows:
        op.get_bind().execute(table.insert(), rows)


def downgrade() -> None:
    own = sa.select(sa.func.count()).where(post.c.user_id == user.c.id, post.c.repost_of.is_(None))
    op.execute(notification.delete().where(notification.c.name == 'unread_activity_count'))
    op.execute(post.delete().where(post.c.repost_of.is_not(None)))
    op.execute(user.update().values(post_count=own.scalar_subquery()))
    for table in reversed(_tables()):
        op.drop_table(table.name)
    with giving_ids_once('post') as batch:
        batch.create_index(LATEST, ['timestamp', 'id'])
        batch.drop_constraint(FOREIGN_KEY, type_='foreignkey')
        batch.drop_index(UNIQUE)
        for name in INDEXES:
            batch.drop_index(name)
        for name in ('edited', 'in_reply_to', 'is_answer', 'repost_of', *COUNTERS):
            batch.drop_column(name)
    with giving_ids_once('user') as batch:
        batch.drop_column('unread_activity_count')
        batch.drop_column('last_activity_read_time')
