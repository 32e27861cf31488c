"""ids once, messages one by one

Revision ID: c7e5a90d3b18
Revises: 3b8e5d1a7c94

SQLite does what the two servers do by themselves: the id of what was deleted is not given to
something else. What was deleted before cannot be known any more, so the first new ids leave a gap.

A message can be read in its conversation although the one read time cannot move, because somebody
else has sent something that is unread. All numbers of unread messages are counted anew, for they
could go wrong until now, and the notifications behind the badges follow them.

Going back, what was read in this way is unread again, and ids go on being given once.
"""

import sqlalchemy as sa
from alembic import op

from migrations.reshape import giving_ids_once, has_column

revision = 'c7e5a90d3b18'
down_revision = '3b8e5d1a7c94'
branch_labels = None
depends_on = None

NUMBERED = ['user', 'post', 'message', 'notification', 'api_token']
BADGE = 'unread_message_count'

user = sa.table('user', *map(sa.column, ('id', 'last_message_read_time', BADGE)))
message = sa.table(
    'message',
    *map(sa.column, ('recipient_id', 'timestamp')),
    sa.column('kept_by_recipient', sa.Boolean),
)
notification = sa.table(
    'notification', *map(sa.column, ('user_id', 'name', 'subject', 'payload_json'))
)


def upgrade() -> None:
    if not has_column('message', 'read_by_recipient'):
        flag = sa.Column('read_by_recipient', sa.Boolean, nullable=False, server_default='0')
        op.add_column('message', flag)
    if op.get_bind().dialect.name == 'sqlite':
        for table in NUMBERED:
            with giving_ids_once(table):
                pass
    _count_unread()


def downgrade() -> None:
    with giving_ids_once('message') as batch:
        batch.drop_column('read_by_recipient')
    _count_unread()


def _count_unread() -> None:
    is_unread = sa.and_(
        message.c.kept_by_recipient,
        sa.or_(
            user.c.last_message_read_time.is_(None),
            message.c.timestamp > user.c.last_message_read_time,
        ),
    )
    unread = sa.select(sa.func.count()).where(message.c.recipient_id == user.c.id, is_unread)
    op.execute(user.update().values({BADGE: unread.scalar_subquery()}))
    number = sa.select(sa.cast(user.c[BADGE], sa.String)).where(user.c.id == notification.c.user_id)
    is_badge = sa.and_(notification.c.name == BADGE, notification.c.subject == '')
    told = notification.update().where(is_badge)
    op.execute(told.values(payload_json=number.scalar_subquery()))
