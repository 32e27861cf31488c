"""people who leave

Revision ID: e71b3c5a9d20
Revises: d5f1a8c36b02

When an account is to be deleted, and the names of those who have left. Whoever goes back past this
keeps the accounts that were to go.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from migrations.reshape import giving_ids_once, has_column, has_index

revision = 'e71b3c5a9d20'
down_revision = 'd5f1a8c36b02'
branch_labels = None
depends_on = None

Timestamp = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), 'mysql')


def upgrade() -> None:
    if not has_column('user', 'deletion_at'):
        op.add_column('user', sa.Column('deletion_at', Timestamp))
    if not has_index('user', 'ix_user_deletion_at'):
        op.create_index('ix_user_deletion_at', 'user', ['deletion_at'])
    # On MariaDB an interrupted upgrade cannot take back what it has made.
    op.drop_table('retired_name', if_exists=True)
    op.create_table(
        'retired_name',
        sa.Column('mark', sa.String(16), primary_key=True),
        sa.Column('until', Timestamp, nullable=False),
        sa.Index('ix_retired_name_until', 'until'),
        mysql_charset='utf8mb4',
        mysql_collate='utf8mb4_bin',
    )


def downgrade() -> None:
    op.drop_table('retired_name')
    op.drop_index('ix_user_deletion_at', 'user')
    with giving_ids_once('user') as user:
        user.drop_column('deletion_at')
