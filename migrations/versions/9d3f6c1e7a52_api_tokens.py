"""api tokens

Revision ID: 9d3f6c1e7a52
Revises: b4d7c1e02f6a

A token of the API is a row of its own, and of the token itself only a hash is kept. Those that
stand in `user.token` for everybody to read who sees a backup are no good any more: they are
emptied, also for whoever goes back.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = '9d3f6c1e7a52'
down_revision = 'b4d7c1e02f6a'
branch_labels = None
depends_on = None

Timestamp = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), 'mysql')


def upgrade() -> None:
    user = sa.table('user', sa.column('token'), sa.column('token_expiration'))
    op.execute(
        sa.update(user)
        .where(sa.or_(user.c.token.is_not(None), user.c.token_expiration.is_not(None)))
        .values(token=None, token_expiration=None)
    )
    # On MariaDB an interrupted upgrade cannot take back what it has made.
    op.drop_table('api_token', if_exists=True)
    op.create_table(
        'api_token',
        sa.Column('id', sa.Integer, primary_key=True),
        sa.Column(
            'user_id',
            sa.Integer,
            sa.ForeignKey('user.id', name='fk_api_token_user_id_user', ondelete='CASCADE'),
            nullable=False,
        ),
        sa.Column('token_hash', sa.String(64), nullable=False),
        sa.Column('password_mark', sa.String(16), nullable=False),
        sa.Column('expiration', Timestamp, nullable=False),
        sa.Index('ix_api_token_token_hash', 'token_hash', unique=True),
        sa.Index('ix_api_token_user_id_expiration', 'user_id', 'expiration'),
        mysql_charset='utf8mb4',
        mysql_collate='utf8mb4_bin',
    )


def downgrade() -> None:
    op.drop_table('api_token')
