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

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import op
from alembic.operations import BatchOperations

from migrations.reshape import has_column

revision = 'c7e5a90d3b18'
down_revision = '3b8e5d1a7c94'
branch_labels = None
depends_on = None

NUMBERED = ['user', 'post', 'message', 'notification', 'api_token']
GAP = 1000  # ids that may have been in use above those that are there
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
sequence = sa.table('sqlite_sequence', sa.column('name'), sa.column('seq'))


def upgrade() -> None:
    if not has_column('message', 'read_by_recipient'):
        flag = sa.Column('read_by_recipient', sa.Boolean, nullable=False, server_default='0')
        op.add_column('message', flag)
    if op.get_bind().dialect.name == 'sqlite':
        for table in NUMBERED:
            with _giving_ids_once(table):
                pass
    _count_unread()


def downgrade() -> None:
    with _giving_ids_once('message') as batch:
        batch.drop_column('read_by_recipient')
    _count_unread()


@contextmanager
def _giving_ids_once(table: str) -> Iterator[BatchOperations]:
    """Change a table; on SQLite it is made anew, and goes on with its ids where it was."""
    if op.get_bind().dialect.name != 'sqlite':
        with op.batch_alter_table(table) as batch:
            yield batch
        return
    last = _last_id(table)
    with op.batch_alter_table(
        table, recreate='always', table_kwargs={'sqlite_autoincrement': True}
    ) as batch:
        yield batch
    op.execute(sequence.delete().where(sequence.c.name == table))
    op.execute(sequence.insert().values(name=table, seq=last))


def _last_id(table: str) -> int:
    """Return an id that no row had a higher one than, as far as that can be known."""
    connection = op.get_bind()
    if sa.inspect(connection).has_table('sqlite_sequence'):
        last = connection.scalar(sa.select(sequence.c.seq).where(sequence.c.name == table))
        if last is not None:
            return int(last)
    is_new = connection.scalar(sa.select(user.c.id).limit(1)) is None  # nobody has registered
    rows = sa.table(table, sa.column('id', sa.Integer))
    found = connection.execute(sa.select(sa.func.coalesce(sa.func.max(rows.c.id), 0))).scalar_one()
    return int(found if is_new else found + GAP)


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
