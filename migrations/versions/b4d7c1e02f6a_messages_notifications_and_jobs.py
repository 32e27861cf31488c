"""messages, notifications and jobs

Revision ID: b4d7c1e02f6a
Revises: 9d3c1f6a2b70

Chapters 21 and 22, grown up: the number of unread messages is kept instead of counted, both sides
of a message can delete their own copy, there is one notification of a name and subject, and a task
says how far it is and whether its process is alive.

What the tasks of the tutorial's application were doing is over: nobody is told of them any more.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from migrations.reshape import has_column, has_index

revision = 'b4d7c1e02f6a'
down_revision = '9d3c1f6a2b70'
branch_labels = None
depends_on = None

Timestamp = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), 'mysql')

CONVERSATION = 'ix_message_sender_id_recipient_id_timestamp_id'
ONE_OF_A_KIND = 'ix_notification_user_id_name_subject'

user = sa.table('user', *map(sa.column, ('id', 'last_message_read_time', 'unread_message_count')))
message = sa.table('message', *map(sa.column, ('recipient_id', 'timestamp')))
notification = sa.table('notification', *map(sa.column, ('id', 'user_id', 'name')))
task = sa.table('task', sa.column('complete', sa.Boolean), sa.column('dismissed', sa.Boolean))


def new_columns() -> dict[str, list[sa.Column[Any]]]:
    def flag(name: str, default: str) -> sa.Column[Any]:
        return sa.Column(name, sa.Boolean, nullable=False, server_default=default)

    def number(name: str) -> sa.Column[Any]:
        return sa.Column(name, sa.Integer, nullable=False, server_default='0')

    return {
        'user': [number('unread_message_count')],
        'message': [
            flag('kept_by_sender', '1'),
            flag('kept_by_recipient', '1'),
        ],
        'notification': [
            sa.Column('subject', sa.String(36), nullable=False, server_default=sa.text("''"))
        ],
        'task': [
            number('progress'),
            sa.Column('heartbeat', Timestamp),
            flag('started', '0'),
            sa.Column('failure', sa.String(32)),
            flag('dismissed', '0'),
        ],
    }


def upgrade() -> None:
    for table, columns in new_columns().items():
        for column in columns:
            if not has_column(table, str(column.name)):
                op.add_column(table, column)
    _delete_doubles()
    if not has_index('message', CONVERSATION):
        along = ['sender_id', 'recipient_id', 'timestamp', 'id']
        op.create_index(CONVERSATION, 'message', along)
    if not has_index('notification', ONE_OF_A_KIND):
        key = ['user_id', 'name', 'subject']
        op.create_index(ONE_OF_A_KIND, 'notification', key, unique=True)
    _count_unread()
    op.execute(task.update().values(complete=True, dismissed=True))


def _delete_doubles() -> None:
    """Keep the newest notification of each name that an account has."""
    newest = sa.select(sa.func.max(notification.c.id).label('id'))
    newest = newest.group_by(notification.c.user_id, notification.c.name)
    # Through one more level, for MariaDB does not select from what it deletes from.
    kept = sa.select(newest.subquery().c.id)
    op.execute(notification.delete().where(notification.c.id.not_in(kept)))


def _count_unread() -> None:
    is_unread = sa.or_(
        user.c.last_message_read_time.is_(None),
        message.c.timestamp > user.c.last_message_read_time,
    )
    unread = sa.select(sa.func.count()).where(message.c.recipient_id == user.c.id, is_unread)
    op.execute(user.update().values(unread_message_count=unread.scalar_subquery()))


def downgrade() -> None:
    op.drop_index(ONE_OF_A_KIND, 'notification')
    # Of what there can be several now, the newest stays.
    _delete_doubles()
    op.drop_index(CONVERSATION, 'message')
    for table, columns in new_columns().items():
        with op.batch_alter_table(table) as batch:
            for column in columns:
                batch.drop_column(str(column.name))
