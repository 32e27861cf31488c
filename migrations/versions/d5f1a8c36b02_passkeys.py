"""passkeys

Revision ID: d5f1a8c36b02
Revises: f4c1a7d92b36

The public halves of keys that people's devices hold. Whoever goes back past this forgets them.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = 'd5f1a8c36b02'
down_revision = 'f4c1a7d92b36'
branch_labels = None
depends_on = None

Timestamp = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), 'mysql')


def upgrade() -> None:
    # On MariaDB an interrupted upgrade cannot take back what it has made.
    op.drop_table('passkey', if_exists=True)
    op.create_table(
        'passkey',
        sa.Column('id', sa.Integer, primary_key=True),
        sa.Column(
            'user_id',
            sa.Integer,
            sa.ForeignKey('user.id', name='fk_passkey_user_id_user', ondelete='CASCADE'),
            nullable=False,
        ),
        sa.Column('credential_id', sa.String(512), nullable=False),
        sa.Column('public_key', sa.LargeBinary, nullable=False),
        sa.Column('sign_count', sa.BigInteger, nullable=False),
        sa.Column('last_challenge', sa.BigInteger, nullable=False),
        sa.Column('name', sa.String(64), nullable=False),
        sa.Column('timestamp', Timestamp, nullable=False),
        sa.Column('last_used', Timestamp),
        sa.Index('ix_passkey_user_id', 'user_id'),
        sa.Index('ix_passkey_credential_id', 'credential_id', unique=True),
        sqlite_autoincrement=True,
        mysql_charset='utf8mb4',
        mysql_collate='utf8mb4_bin',
    )


def downgrade() -> None:
    op.drop_table('passkey')
