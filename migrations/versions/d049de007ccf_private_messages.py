"""private messages

Revision ID: d049de007ccf
Revises: 2b017edaa91f

Chapter 21: what accounts write to each other, and up to when they have read it.
"""

import sqlalchemy as sa
from alembic import op

revision = 'd049de007ccf'
down_revision = '2b017edaa91f'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'message',
        sa.Column('id', sa.Integer, primary_key=True),
        sa.Column('sender_id', sa.Integer, sa.ForeignKey('user.id')),
        sa.Column('recipient_id', sa.Integer, sa.ForeignKey('user.id')),
        sa.Column('body', sa.String(140)),
        sa.Column('timestamp', sa.DateTime),
    )
    op.create_index('ix_message_timestamp', 'message', ['timestamp'])
    op.add_column('user', sa.Column('last_message_read_time', sa.DateTime))


def downgrade() -> None:
    with op.batch_alter_table('user') as user:
        user.drop_column('last_message_read_time')
    op.drop_table('message')
