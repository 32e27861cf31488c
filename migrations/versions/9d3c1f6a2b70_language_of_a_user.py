"""language of a user

Revision ID: 9d3c1f6a2b70
Revises: 12e04f28135c

The language of the site that somebody has chosen; nobody has yet.
"""

import sqlalchemy as sa
from alembic import op

from migrations.reshape import has_column

revision = '9d3c1f6a2b70'
down_revision = '12e04f28135c'
branch_labels = None
depends_on = None


def upgrade() -> None:
    if not has_column('user', 'language'):
        op.add_column('user', sa.Column('language', sa.String(16)))


def downgrade() -> None:
    with op.batch_alter_table('user') as user:
        user.drop_column('language')
