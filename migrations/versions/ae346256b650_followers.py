"""followers

Revision ID: ae346256b650
Revises: 37f06a334dbf

Chapter 8: who follows whom. That a pair can be there twice is put right further on.
"""

import sqlalchemy as sa
from alembic import op

revision = 'ae346256b650'
down_revision = '37f06a334dbf'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'followers',
        sa.Column('follower_id', sa.Integer, sa.ForeignKey('user.id')),
        sa.Column('followed_id', sa.Integer, sa.ForeignKey('user.id')),
    )


def downgrade() -> None:
    op.drop_table('followers')
