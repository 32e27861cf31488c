"""renewed hashes of passwords

Revision ID: 3b8e5d1a7c94
Revises: 9d3f6c1e7a52

What sessions and tokens go on with where the hash of a password was made anew; none was yet.
"""

import sqlalchemy as sa
from alembic import op

from migrations.reshape import has_column

revision = '3b8e5d1a7c94'
down_revision = '9d3f6c1e7a52'
branch_labels = None
depends_on = None


def upgrade() -> None:
    if not has_column('user', 'password_renewal'):
        op.add_column('user', sa.Column('password_renewal', sa.String(32)))


def downgrade() -> None:
    with op.batch_alter_table('user') as user:
        user.drop_column('password_renewal')
