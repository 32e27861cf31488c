"""names and addresses without regard to case

Revision ID: 78bedd9c82d8
Revises: 5468481a3aaa

Beside its spelling, every name and every address is stored in a form without upper case, outer
white space and compatibility characters: its key, which must be unique from here on.

Accounts that differ in nothing else exist. All keep their spelling, which still leads to them.
The first account has the key itself, the others add their id to it, behind a character that no
new name can have.
"""

import unicodedata
from itertools import count

import sqlalchemy as sa
from alembic import op

from migrations.reshape import has_column, has_index

revision = '78bedd9c82d8'
down_revision = '5468481a3aaa'
branch_labels = None
depends_on = None

BATCH = 1000
# A folded character can be three.
KEY_LENGTHS = {'username': 3 * 64, 'email': 3 * 120}

user = sa.table('user', *map(sa.column, ('id', 'username', 'email', 'username_key', 'email_key')))


def upgrade() -> None:
    for name, length in KEY_LENGTHS.items():
        if not has_column('user', f'{name}_key'):
            op.add_column('user', sa.Column(f'{name}_key', sa.String(length)))
        if has_index('user', f'ix_user_{name}_key'):
            op.drop_index(f'ix_user_{name}_key', 'user')
    _store_keys()
    for name, length in KEY_LENGTHS.items():
        index = f'ix_user_{name}_key'
        op.create_index(index, 'user', [f'{name}_key'])
        _tell_doubles_apart(user.c[f'{name}_key'], length)
        op.drop_index(index, 'user')
        op.create_index(index, 'user', [f'{name}_key'], unique=True)


def downgrade() -> None:
    for name in KEY_LENGTHS:
        op.drop_index(f'ix_user_{name}_key', 'user')
    with op.batch_alter_table('user') as batch:
        for name in KEY_LENGTHS:
            batch.drop_column(f'{name}_key')


def _key(text: str) -> str:
    # As the application does it today. It may change its mind, this revision may not.
    folded = unicodedata.normalize('NFKC', str(text).strip()).casefold()
    return unicodedata.normalize('NFKC', folded)


def _store_keys() -> None:
    connection = op.get_bind()
    query = (
        sa.select(user.c.id, user.c.username, user.c.email)
        .where(user.c.id > sa.bindparam('last_id'))
        .order_by(user.c.id)
        .limit(BATCH)
    )
    change = (
        user.update()
        .where(user.c.id == sa.bindparam('row_id'))
        .values({f'{name}_key': sa.bindparam(f'new_{name}') for name in KEY_LENGTHS})
    )
    last_id = -(2**63)
    while rows := connection.execute(query, {'last_id': last_id}).all():
        last_id = rows[-1].id
        connection.execute(
            change,
            [
                {
                    'row_id': row.id,
                    **{
                        f'new_{name}': _key(getattr(row, name))[:length]
                        for name, length in KEY_LENGTHS.items()
                    },
                }
                for row in rows
            ],
        )


def _tell_doubles_apart(column: sa.ColumnClause[str], length: int) -> None:
    connection = op.get_bind()
    shared = (
        sa.select(column.label('key'), sa.func.min(user.c.id).label('first_id'))
        .group_by(column)
        .having(sa.func.count() > 1)
        .subquery()
    )
    query = (
        sa.select(user.c.id, column.label('key'))
        .join(shared, sa.and_(column == shared.c.key, user.c.id != shared.c.first_id))
        .order_by(user.c.id)
    )
    for user_id, key in connection.execute(query).all():
        endings = (f'#{user_id}' if n == 1 else f'#{user_id}-{n}' for n in count(1))
        candidates = (f'{key[: length - len(ending)]}{ending}' for ending in endings)
        free = next(text for text in candidates if not _exists(column, text))
        op.execute(user.update().where(user.c.id == user_id).values({column: free}))


def _exists(column: sa.ColumnClause[str], value: str) -> bool:
    return op.get_bind().scalar(sa.select(user.c.id).where(column == value).limit(1)) is not None
