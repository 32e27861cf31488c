"""add language to posts

Revision ID: 2b017edaa91f
Revises: ae346256b650

Chapter 14: which language a post is in, for the Translate link.
"""

import sqlalchemy as sa
from alembic import op

revision = '2b017edaa91f'
down_revision = 'ae346256b650'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('post', sa.Column('language', sa.String(5)))


def downgrade() -> None:
    with op.batch_alter_table('post') as post:
        post.drop_column('language')
