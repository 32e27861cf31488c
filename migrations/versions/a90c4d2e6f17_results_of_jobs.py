"""results of jobs

Revision ID: a90c4d2e6f17
Revises: e71b3c5a9d20

What a job has to report beside how it ended.
"""

import sqlalchemy as sa
from alembic import op

from migrations.reshape import has_column

revision = 'a90c4d2e6f17'
down_revision = 'e71b3c5a9d20'
branch_labels = None
depends_on = None


def upgrade() -> None:
    if not has_column('task', 'result_json'):
        op.add_column('task', sa.Column('result_json', sa.Text))


def downgrade() -> None:
    with op.batch_alter_table('task') as task:
        task.drop_column('result_json')
