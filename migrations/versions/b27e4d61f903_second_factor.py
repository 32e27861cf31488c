"""second factor

Revision ID: b27e4d61f903
Revises: e2b8d4f60a13

The sealed keys of codes, and the hashes of those for emergencies. Whoever goes back past this turns
all of it off.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = 'b27e4d61f903'
down_revision = 'e2b8d4f60a13'
branch_labels = None
depends_on = None

Timestamp = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), 'mysql')


def owner(table: str) -> sa.ForeignKey:
    return sa.ForeignKey('user.id', name=f'fk_{table}_user_id_user', ondelete='CASCADE')


def upgrade() -> None:
    # On MariaDB an interrupted upgrade cannot take back what it has made.
    op.drop_table('second_factor', if_exists=True)
    op.drop_table('recovery_code', if_exists=True)
    op.create_table(
        'second_factor',
        sa.Column(
            'user_id',
            sa.Integer,
            owner('second_factor'),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column('sealed_key', sa.String(255), nullable=False),
        sa.Column('last_step', sa.Integer, nullable=False),
        sa.Column('timestamp', Timestamp, nullable=False),
        mysql_charset='utf8mb4',
        mysql_collate='utf8mb4_bin',
    )
    op.create_table(
        'recovery_code',
        sa.Column('id', sa.Integer, primary_key=True),
        sa.Column('user_id', sa.Integer, owner('recovery_code'), nullable=False),
        sa.Column('code_hash', sa.String(64), nullable=False),
        sa.Index('ix_recovery_code_user_id_code_hash', 'user_id', 'code_hash', unique=True),
        sqlite_autoincrement=True,
        mysql_charset='utf8mb4',
        mysql_collate='utf8mb4_bin',
    )


def downgrade() -> None:
    op.drop_table('recovery_code')
    op.drop_table('second_factor')
