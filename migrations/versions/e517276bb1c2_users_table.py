"""users table

Revision ID: e517276bb1c2
Revises:

Chapter 4: accounts, not yet with anything but a name, an address and a password.
"""

import sqlalchemy as sa
from alembic import op

revision = 'e517276bb1c2'
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'user',
        sa.Column('id', sa.Integer, primary_key=True),
        sa.Column('username', sa.String(64)),
        sa.Column('email', sa.String(120)),
        sa.Column('password_hash', sa.String(128)),
    )
    op.create_index('ix_user_username', 'user', ['username'], unique=True)
    op.create_index('ix_user_email', 'user', ['email'], unique=True)


def downgrade() -> None:
    op.drop_table('user')
