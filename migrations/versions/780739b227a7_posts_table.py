"""posts table

Revision ID: 780739b227a7
Revises: e517276bb1c2

Chapter 4: what the accounts write.
"""

import sqlalchemy as sa
from alembic import op

revision = '780739b227a7'
down_revision = 'e517276bb1c2'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'post',
        sa.Column('id', sa.Integer, primary_key=True),
        sa.Column('body', sa.String(140)),
        sa.Column('timestamp', sa.DateTime),
        sa.Column('user_id', sa.Integer, sa.ForeignKey('user.id')),
    )
    op.create_index('ix_post_timestamp', 'post', ['timestamp'])


def downgrade() -> None:
    op.drop_table('post')
