"""notifications

Revision ID: f7ac3d27bb1d
Revises: d049de007ccf

Chapter 21: what an open page is told when it asks.
"""

import sqlalchemy as sa
from alembic import op

revision = 'f7ac3d27bb1d'
down_revision = 'd049de007ccf'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'notification',
        sa.Column('id', sa.Integer, primary_key=True),
        sa.Column('name', sa.String(128)),
        sa.Column('user_id', sa.Integer, sa.ForeignKey('user.id')),
        sa.Column('timestamp', sa.Float),
        sa.Column('payload_json', sa.Text),
    )
    op.create_index('ix_notification_name', 'notification', ['name'])
    op.create_index('ix_notification_timestamp', 'notification', ['timestamp'])


def downgrade() -> None:
    op.drop_table('notification')
