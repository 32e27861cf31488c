"""text in every script

Revision ID: 61696472e279
Revises: 834b1a697901

On MariaDB, tables have the character set that their database happened to have: perhaps one
without emoji, or one in which e equals é. From here on it is utf8mb4, compared by code point, as
in the two other databases, where there is nothing to do.

Going back keeps it: not every text would fit into the old one.
"""

import copy

import sqlalchemy as sa
from alembic import op

revision = '61696472e279'
down_revision = '834b1a697901'
branch_labels = None
depends_on = None

TEXT_COLUMNS = {
    'user': {'username', 'email', 'password_hash', 'about_me', 'token'},
    'post': {'body', 'language'},
    'message': {'body'},
    'notification': {'name', 'payload_json'},
    'task': {'id', 'name', 'description'},
    'followers': set[str](),
}
COLLATION = 'utf8mb4_bin'


def upgrade() -> None:
    if op.get_bind().dialect.name != 'mysql':
        return
    for table, columns in TEXT_COLUMNS.items():
        changes = [*_table_options(table), *_new_columns(table, columns)]
        if changes:
            op.execute(f'ALTER TABLE `{table}` {", ".join(changes)}')


def downgrade() -> None:
    pass


def _table_options(table: str) -> list[str]:
    query = sa.text(
        'SELECT table_collation, row_format FROM information_schema.tables '
        'WHERE table_schema = DATABASE() AND table_name = :table'
    )
    collation, row_format = op.get_bind().execute(query, {'table': table}).one()
    options = []
    if collation != COLLATION:
        options.append(f'DEFAULT CHARACTER SET utf8mb4 COLLATE {COLLATION}')
    # The older formats have no room for an index on a long text.
    if row_format.upper() in ('COMPACT', 'REDUNDANT'):
        options.append('ROW_FORMAT = DYNAMIC')
    return options


def _new_columns(table: str, columns: set[str]) -> list[str]:
    # Column by column, because CONVERT TO would also turn TEXT into MEDIUMTEXT.
    connection = op.get_bind()
    query = sa.text(
        'SELECT column_name FROM information_schema.columns WHERE table_schema = DATABASE() '
        'AND table_name = :table AND collation_name <> :collation'
    )
    outdated = set(connection.scalars(query, {'table': table, 'collation': COLLATION}))
    changes = []
    for column in sa.inspect(connection).get_columns(table):
        if column['name'] in columns & outdated:
            new_type = copy.copy(column['type'])
            new_type.charset, new_type.collation = 'utf8mb4', COLLATION  # type: ignore[attr-defined]  # text
            null = 'NULL' if column['nullable'] else 'NOT NULL'
            type_text = new_type.compile(connection.dialect)
            changes.append(f'MODIFY `{column["name"]}` {type_text} {null}')
    return changes
