"""new fields in user model

Revision ID: 37f06a334dbf
Revises: 780739b227a7

Chapter 6: what a profile page shows.
"""

import sqlalchemy as sa
from alembic import op

revision = '37f06a334dbf'
down_revision = '780739b227a7'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('user', sa.Column('about_me', sa.String(140)))
    op.add_column('user', sa.Column('last_seen', sa.DateTime))


def downgrade() -> None:
    with op.batch_alter_table('user') as user:
        user.drop_column('last_seen')
        user.drop_column('about_me')
