"""sessions

Revision ID: e2b8d4f60a13
Revises: c2d9e04b71a6

A session is a row, and its cookie holds the key to that. Cookies from before name an account and
its password: they lead to the login page once.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = 'e2b8d4f60a13'
down_revision = 'c2d9e04b71a6'
branch_labels = None
depends_on = None

Timestamp = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), 'mysql')


def upgrade() -> None:
    # On MariaDB an interrupted upgrade cannot take back what it has made.
    op.drop_table('login_session', if_exists=True)
    op.create_table(
        'login_session',
        sa.Column('id', sa.Integer, primary_key=True),
        sa.Column(
            'user_id',
            sa.Integer,
            sa.ForeignKey('user.id', name='fk_login_session_user_id_user', ondelete='CASCADE'),
            nullable=False,
        ),
        sa.Column('token_hash', sa.String(64), nullable=False),
        sa.Column('password_mark', sa.String(16), nullable=False),
        sa.Column('browser', sa.String(64), nullable=False),
        sa.Column('address', sa.String(45), nullable=False),
        sa.Column('remembered', sa.Boolean, nullable=False),
        sa.Column('created', Timestamp, nullable=False),
        sa.Column('last_used', Timestamp, nullable=False),
        sa.Column('proved', Timestamp, nullable=False),
        sa.Index('ix_login_session_token_hash', 'token_hash', unique=True),
        sa.Index('ix_login_session_user_id_last_used', 'user_id', 'last_used'),
        sqlite_autoincrement=True,
        mysql_charset='utf8mb4',
        mysql_collate='utf8mb4_bin',
    )


def downgrade() -> None:
    op.drop_table('login_session')
