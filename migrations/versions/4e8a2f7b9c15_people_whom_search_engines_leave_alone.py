"""people whom search engines leave alone

Revision ID: 4e8a2f7b9c15
Revises: c7e5a90d3b18

Who has asked not to be found by search engines; nobody has yet.
"""

import sqlalchemy as sa
from alembic import op

from migrations.reshape import has_column

revision = '4e8a2f7b9c15'
down_revision = 'c7e5a90d3b18'
branch_labels = None
depends_on = None


def upgrade() -> None:
    if not has_column('user', 'noindex'):
        op.add_column('user', sa.Column('noindex', sa.Boolean, nullable=False, server_default='0'))


def downgrade() -> None:
    # Not as a batch: a table that SQLite makes anew would give ids of deleted accounts again.
    op.drop_column('user', 'noindex')
