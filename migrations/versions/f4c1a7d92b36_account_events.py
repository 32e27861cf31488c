"""what has happened to accounts

Revision ID: f4c1a7d92b36
Revises: 4e1d9b7a62c8

Logins, failures and changes, for the account's owner. What was before is in the log alone.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = 'f4c1a7d92b36'
down_revision = '4e1d9b7a62c8'
branch_labels = None
depends_on = None

Timestamp = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), 'mysql')


def upgrade() -> None:
    # On MariaDB an interrupted upgrade cannot take back what it has made.
    op.drop_table('account_event', if_exists=True)
    op.create_table(
        'account_event',
        sa.Column('id', sa.Integer, primary_key=True),
        sa.Column(
            'user_id',
            sa.Integer,
            sa.ForeignKey('user.id', name='fk_account_event_user_id_user', ondelete='CASCADE'),
            nullable=False,
        ),
        sa.Column('what', sa.String(48), nullable=False),
        sa.Column('timestamp', Timestamp, nullable=False),
        sa.Column('address', sa.String(45), nullable=False),
        sa.Column('browser', sa.String(64), nullable=False),
        sa.Index('ix_account_event_user_id_id', 'user_id', 'id'),
        sqlite_autoincrement=True,
        mysql_charset='utf8mb4',
        mysql_collate='utf8mb4_bin',
    )


def downgrade() -> None:
    op.drop_table('account_event')
