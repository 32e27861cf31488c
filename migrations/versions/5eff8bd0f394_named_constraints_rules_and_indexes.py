"""named constraints, rules and indexes

Revision ID: 5eff8bd0f394
Revises: 78bedd9c82d8

What the application relies on, the database now enforces: columns that are never empty, pairs
that are there once, rows that go together with the account they belong to. Constraints have names,
the same everywhere. The indexes are those that the pages read along.

Going back, columns that became wider stay so, and so do the times to the microsecond on MariaDB:
the hash of a password that was set since would not fit into 128 characters.
"""

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from migrations.reshape import reshape

revision = '5eff8bd0f394'
down_revision = '78bedd9c82d8'
branch_labels = None
depends_on = None

Timestamp = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), 'mysql')


def upgrade() -> None:
    reshape(tables_after())


def downgrade() -> None:
    reshape(tables_before())


def tables_after() -> sa.MetaData:
    metadata = sa.MetaData()
    sa.Table(
        'user',
        metadata,
        sa.Column('id', sa.Integer, primary_key=True),
        sa.Column('username', sa.String(64), nullable=False),
        sa.Column('email', sa.String(120), nullable=False),
        sa.Column('username_key', sa.String(192), nullable=False),
        sa.Column('email_key', sa.String(360), nullable=False),
        sa.Column('password_hash', sa.String(256)),
        sa.Column('about_me', sa.String(140)),
        sa.Column('last_seen', Timestamp),
        sa.Column('last_message_read_time', Timestamp),
        sa.Column('token', sa.String(32)),
        sa.Column('token_expiration', Timestamp),
        sa.Index('ix_user_username', 'username', unique=True),
        sa.Index('ix_user_email', 'email', unique=True),
        sa.Index('ix_user_username_key', 'username_key', unique=True),
        sa.Index('ix_user_email_key', 'email_key', unique=True),
        sa.Index('ix_user_token', 'token', unique=True),
    )
    sa.Table(
        'post',
        metadata,
        sa.Column('id', sa.Integer, primary_key=True),
        sa.Column('body', sa.String(140), nullable=False),
        sa.Column('timestamp', Timestamp, nullable=False),
        _owner('post', 'user_id'),
        sa.Column('language', sa.String(5)),
        sa.Index('ix_post_timestamp', 'timestamp', 'id'),
        sa.Index('ix_post_user_id_timestamp_id', 'user_id', 'timestamp', 'id'),
    )
    sa.Table(
        'followers',
        metadata,
        _owner('followers', 'follower_id', primary_key=True),
        _owner('followers', 'followed_id', primary_key=True),
        sa.CheckConstraint('follower_id <> followed_id', name='ck_followers_not_oneself'),
        sa.Index('ix_followers_followed_id_follower_id', 'followed_id', 'follower_id'),
    )
    sa.Table(
        'message',
        metadata,
        sa.Column('id', sa.Integer, primary_key=True),
        _owner('message', 'sender_id'),
        _owner('message', 'recipient_id'),
        sa.Column('body', sa.String(140), nullable=False),
        sa.Column('timestamp', Timestamp, nullable=False),
        sa.Index('ix_message_sender_id_timestamp_id', 'sender_id', 'timestamp', 'id'),
        sa.Index('ix_message_recipient_id_timestamp_id', 'recipient_id', 'timestamp', 'id'),
    )
    sa.Table(
        'notification',
        metadata,
        sa.Column('id', sa.Integer, primary_key=True),
        sa.Column('name', sa.String(128), nullable=False),
        _owner('notification', 'user_id'),
        sa.Column('timestamp', sa.Double, nullable=False),
        sa.Column('payload_json', sa.Text, nullable=False),
        sa.Index('ix_notification_user_id_timestamp', 'user_id', 'timestamp'),
    )
    sa.Table(
        'task',
        metadata,
        sa.Column('id', sa.String(36), primary_key=True),
        sa.Column('name', sa.String(128), nullable=False),
        sa.Column('description', sa.String(128)),
        _owner('task', 'user_id'),
        sa.Column('complete', sa.Boolean, nullable=False),
        sa.Index('ix_task_user_id_complete', 'user_id', 'complete'),
    )
    return metadata


def _owner(table: str, column: str, primary_key: bool = False) -> sa.Column[int]:
    key = sa.ForeignKey('user.id', ondelete='CASCADE', name=f'fk_{table}_{column}_user')
    return sa.Column(column, sa.Integer, key, primary_key=primary_key, nullable=False)


def tables_before() -> sa.MetaData:
    metadata = sa.MetaData()
    sa.Table(
        'user',
        metadata,
        sa.Column('id', sa.Integer, primary_key=True),
        sa.Column('username', sa.String(64)),
        sa.Column('email', sa.String(120)),
        sa.Column('password_hash', sa.String(256)),
        sa.Column('about_me', sa.String(140)),
        sa.Column('last_seen', Timestamp),
        sa.Column('last_message_read_time', Timestamp),
        sa.Column('token', sa.String(32)),
        sa.Column('token_expiration', Timestamp),
        sa.Column('username_key', sa.String(192)),
        sa.Column('email_key', sa.String(360)),
        sa.Index('ix_user_username', 'username', unique=True),
        sa.Index('ix_user_email', 'email', unique=True),
        sa.Index('ix_user_username_key', 'username_key', unique=True),
        sa.Index('ix_user_email_key', 'email_key', unique=True),
        sa.Index('ix_user_token', 'token', unique=True),
    )
    sa.Table(
        'post',
        metadata,
        sa.Column('id', sa.Integer, primary_key=True),
        sa.Column('body', sa.String(140)),
        sa.Column('timestamp', Timestamp),
        sa.Column('user_id', sa.Integer, sa.ForeignKey('user.id')),
        sa.Column('language', sa.String(5)),
        sa.Index('ix_post_timestamp', 'timestamp'),
    )
    sa.Table(
        'followers',
        metadata,
        sa.Column('follower_id', sa.Integer, sa.ForeignKey('user.id')),
        sa.Column('followed_id', sa.Integer, sa.ForeignKey('user.id')),
    )
    sa.Table(
        'message',
        metadata,
        sa.Column('id', sa.Integer, primary_key=True),
        sa.Column('sender_id', sa.Integer, sa.ForeignKey('user.id')),
        sa.Column('recipient_id', sa.Integer, sa.ForeignKey('user.id')),
        sa.Column('body', sa.String(140)),
        sa.Column('timestamp', Timestamp),
        sa.Index('ix_message_timestamp', 'timestamp'),
    )
    sa.Table(
        'notification',
        metadata,
        sa.Column('id', sa.Integer, primary_key=True),
        sa.Column('name', sa.String(128)),
        sa.Column('user_id', sa.Integer, sa.ForeignKey('user.id')),
        sa.Column('timestamp', sa.Double),
        sa.Column('payload_json', sa.Text),
        sa.Index('ix_notification_name', 'name'),
        sa.Index('ix_notification_timestamp', 'timestamp'),
    )
    sa.Table(
        'task',
        metadata,
        sa.Column('id', sa.String(36), primary_key=True),
        sa.Column('name', sa.String(128)),
        sa.Column('description', sa.String(128)),
        sa.Column('user_id', sa.Integer, sa.ForeignKey('user.id')),
        sa.Column('complete', sa.Boolean),
        sa.Index('ix_task_name', 'name'),
    )
    return metadata
