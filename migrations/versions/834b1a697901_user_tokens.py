"""user tokens

Revision ID: 834b1a697901
Revises: c81bac34faab

Chapter 23: what a program shows instead of a password.
"""

import sqlalchemy as sa
from alembic import op

revision = '834b1a697901'
down_revision = 'c81bac34faab'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('user', sa.Column('token', sa.String(32)))
    op.add_column('user', sa.Column('token_expiration', sa.DateTime))
    op.create_index('ix_user_token', 'user', ['token'], unique=True)


def downgrade() -> None:
    op.drop_index('ix_user_token', 'user')
    with op.batch_alter_table('user') as user:
        user.drop_column('token_expiration')
        user.drop_column('token')
