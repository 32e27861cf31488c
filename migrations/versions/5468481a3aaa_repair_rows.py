"""repair rows

Revision ID: 5468481a3aaa
Revises: 61696472e279

The tutorial's tables let in rows that the application cannot show: without an author, a text or
a time, twice, or belonging to an account that is gone. They are put right before the rules that
forbid them. Accounts, posts, messages and followers are kept:

- An account without a name or an address gets one made of its id.
- What nobody has written gets a placeholder account, which is made only when it is needed.
- A post or message without a time gets that of the one before it.
- Somebody follows somebody once or not at all, and never oneself.

Notifications and tasks are of use only to the account they belong to, and for minutes: those that
are incomplete or nobody's go.

All of it is one transaction, on MariaDB too, so nothing here may be a CREATE, ALTER or DROP of a
lasting table. Going back leaves the rows repaired.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import count
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = '5468481a3aaa'
down_revision = '61696472e279'
branch_labels = None
depends_on = None

BATCH = 1000
PLACEHOLDER = 'former-member'
NO_DOMAIN = 'example.invalid'  # no mail can be sent there, which RFC 2606 promises

# The columns are untyped, so that a value is written back just as the database gave it.
user = sa.table('user', *map(sa.column, ('id', 'username', 'email', 'password_hash')))
post = sa.table('post', *map(sa.column, ('id', 'body', 'timestamp', 'user_id')))
message = sa.table(
    'message', *map(sa.column, ('id', 'body', 'timestamp', 'sender_id', 'recipient_id'))
)
followers = sa.table('followers', sa.column('follower_id'), sa.column('followed_id'))
notification = sa.table(
    'notification', *map(sa.column, ('user_id', 'name', 'timestamp', 'payload_json'))
)
task = sa.table('task', *map(sa.column, ('user_id', 'name')), sa.column('complete', sa.Boolean))


def upgrade() -> None:
    if op.get_bind().dialect.name == 'postgresql':
        _advance_sequences()
    _name_accounts()
    _adopt(post.c.user_id, message.c.sender_id, message.c.recipient_id)
    for table in (post, message):
        op.execute(table.update().where(table.c.body.is_(None)).values(body=''))
        _date_rows(table)
    _tidy_followers()
    _tidy_notifications_and_tasks()


def downgrade() -> None:
    pass


def _advance_sequences() -> None:
    """Let the next id be a new one also where rows were copied in along with their ids.

    Never back, to ids of rows that were deleted.
    """
    for table in ('user', 'post', 'message', 'notification'):
        sequence = f"""pg_get_serial_sequence('"{table}"', 'id')::regclass"""
        op.execute(
            f"""SELECT setval({sequence}, greatest(max(id), pg_sequence_last_value({sequence})))
                FROM "{table}" HAVING max(id) IS NOT NULL"""  # noqa: S608 (names from above)
        )


def _name_accounts() -> None:
    for column, suffix in ((user.c.username, ''), (user.c.email, f'@{NO_DOMAIN}')):
        query = (
            sa.select(user.c.id)
            .where(sa.or_(column.is_(None), sa.func.trim(column) == ''))
            .order_by(user.c.id)
        )
        nameless = op.get_bind().scalars(query).all()
        if nameless:
            taken = _taken(column, 'user')
            for user_id in nameless:
                name = _free(f'user{user_id}', suffix, taken)
                op.execute(user.update().where(user.c.id == user_id).values({column: name}))


def _taken(column: sa.ColumnClause[str], start: str) -> set[str]:
    """Return the values of `column` that begin with `start`, in lower case."""
    query = sa.select(column).where(sa.func.lower(column).like(f'{start}%'))
    return {str(value).lower() for value in op.get_bind().scalars(query)}


def _free(name: str, suffix: str, taken: set[str]) -> str:
    """Return `name` + `suffix`, with a number in between if needed, and add it to `taken`."""
    spellings: Iterable[str] = (name if n == 1 else f'{name}-{n}' for n in count(1))
    free = next(text for text in (f'{s}{suffix}' for s in spellings) if text not in taken)
    taken.add(free)
    return free


def _adopt(*owners: sa.ColumnClause[int]) -> None:
    """Let the placeholder account own what nobody owns."""
    for owner in owners:
        orphans = _nobody(owner)
        if op.get_bind().execute(sa.select(owner).where(orphans).limit(1)).first() is not None:
            change = sa.update(owner.table).where(orphans)  # type: ignore[arg-type]  # a table
            op.execute(change.values({owner.name: _placeholder()}))


def _nobody(owner: sa.ColumnClause[int]) -> sa.ColumnElement[bool]:
    account = sa.select(user.c.id).where(user.c.id == owner)
    return sa.or_(owner.is_(None), ~account.correlate(owner.table).exists())


def _placeholder() -> int:
    """Return the id of the placeholder account, which an earlier upgrade may have made."""
    connection = op.get_bind()
    query = sa.select(sa.func.min(user.c.id)).where(
        user.c.username.like(f'{PLACEHOLDER}%'),
        user.c.email.like(f'{PLACEHOLDER}%@{NO_DOMAIN}'),
        user.c.password_hash.is_(None),
    )
    if connection.scalar(query) is None:
        name = _free(PLACEHOLDER, '', _taken(user.c.username, PLACEHOLDER))
        email = _free(PLACEHOLDER, f'@{NO_DOMAIN}', _taken(user.c.email, PLACEHOLDER))
        connection.execute(user.insert().values(username=name, email=email))
    return int(connection.execute(query).scalar_one())


def _date_rows(table: sa.TableClause) -> None:
    """Give rows without a time that of the nearest earlier row, else the earliest that there is."""
    connection = op.get_bind()
    undated = table.c.timestamp.is_(None)
    first = connection.scalar(sa.select(sa.func.min(table.c.id)).where(~undated))
    if first is None:
        now = sa.literal(datetime.now(UTC).replace(tzinfo=None), sa.DateTime())
        op.execute(table.update().where(undated).values(timestamp=now))
        return
    earliest = connection.scalar(sa.select(sa.func.min(table.c.timestamp)))
    op.execute(
        table.update().where(undated, table.c.id < first).values(timestamp=sa.literal(earliest))
    )
    # One row at a time: with the id of each known, every database goes along the primary key.
    batch = sa.select(table.c.id).where(undated).order_by(table.c.id).limit(BATCH)
    nearest = (
        sa.select(table.c.timestamp)
        .where(table.c.id < sa.bindparam('row_id'), ~undated)
        .order_by(table.c.id.desc())
        .limit(1)
    )
    change = (
        table.update()
        .where(table.c.id == sa.bindparam('row_id'))
        .values(timestamp=sa.bindparam('nearest'))
    )
    while ids := connection.scalars(batch).all():
        changes: list[dict[str, Any]] = []
        for row_id in ids:
            if changes and changes[-1]['row_id'] == row_id - 1:
                time = changes[-1]['nearest']
            else:
                time = connection.scalar(nearest, {'row_id': row_id})
            changes.append({'row_id': row_id, 'nearest': time})
        connection.execute(change, changes)


def _tidy_followers() -> None:
    follower, followed = followers.c.follower_id, followers.c.followed_id
    op.execute(
        followers.delete().where(sa.or_(_nobody(follower), _nobody(followed), follower == followed))
    )
    doubled = sa.select(follower).group_by(follower, followed).having(sa.func.count() > 1).limit(1)
    connection = op.get_bind()
    if connection.scalar(doubled) is None:
        return
    # A row of this table has nothing to tell it from its double, so all of them are set aside.
    once = sa.Table(
        '_followers_once',
        sa.MetaData(),
        sa.Column('follower_id', sa.Integer),
        sa.Column('followed_id', sa.Integer),
        prefixes=['TEMPORARY'],
    )
    once.create(connection)
    columns = ['follower_id', 'followed_id']
    op.execute(once.insert().from_select(columns, sa.select(follower, followed).distinct()))
    op.execute(followers.delete())
    op.execute(followers.insert().from_select(columns, sa.select(once)))
    # To MariaDB, the word says that this is no reason to commit.
    temporary = 'TEMPORARY ' if connection.dialect.name == 'mysql' else ''
    op.execute(f'DROP {temporary}TABLE {once.name}')


def _tidy_notifications_and_tasks() -> None:
    incomplete = [notification.c[name].is_(None) for name in ('name', 'timestamp', 'payload_json')]
    op.execute(notification.delete().where(sa.or_(_nobody(notification.c.user_id), *incomplete)))
    op.execute(task.delete().where(_nobody(task.c.user_id)))
    op.execute(task.update().where(task.c.name.is_(None)).values(name=''))
    op.execute(task.update().where(task.c.complete.is_(None)).values(complete=sa.false()))
