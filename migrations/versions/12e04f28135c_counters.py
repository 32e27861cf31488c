"""counters

Revision ID: 12e04f28135c
Revises: 5eff8bd0f394

How much an account has written, and how many follow and are followed, is read from the account
instead of being counted for every page. (After the indexes, which make counting quick this once.)
"""

import sqlalchemy as sa
from alembic import op

from migrations.reshape import has_column

revision = '12e04f28135c'
down_revision = '5eff8bd0f394'
branch_labels = None
depends_on = None

post = sa.table('post', sa.column('user_id'))
followers = sa.table('followers', sa.column('follower_id'), sa.column('followed_id'))

# What each counter counts: the rows in which this column has the account's id.
COUNTERS = {
    'post_count': post.c.user_id,
    'follower_count': followers.c.followed_id,
    'followed_count': followers.c.follower_id,
}
user = sa.table('user', sa.column('id'), *map(sa.column, COUNTERS))


def upgrade() -> None:
    for name in COUNTERS:
        if not has_column('user', name):
            op.add_column('user', sa.Column(name, sa.Integer, nullable=False, server_default='0'))
    totals = {
        name: sa.select(sa.func.count()).where(owner == user.c.id).scalar_subquery()
        for name, owner in COUNTERS.items()
    }
    op.execute(user.update().values(totals))


def downgrade() -> None:
    with op.batch_alter_table('user') as batch:
        for name in COUNTERS:
            batch.drop_column(name)
