"""tasks

Revision ID: c81bac34faab
Revises: f7ac3d27bb1d

Chapter 22: jobs in the background, under the ids that the queue gave them.
"""

import sqlalchemy as sa
from alembic import op

revision = 'c81bac34faab'
down_revision = 'f7ac3d27bb1d'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'task',
        sa.Column('id', sa.String(36), primary_key=True),
        sa.Column('name', sa.String(128)),
        sa.Column('description', sa.String(128)),
        sa.Column('user_id', sa.Integer, sa.ForeignKey('user.id')),
        sa.Column('complete', sa.Boolean),
    )
    op.create_index('ix_task_name', 'task', ['name'])


def downgrade() -> None:
    op.drop_table('task')
