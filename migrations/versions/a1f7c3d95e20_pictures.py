"""pictures

Revision ID: a1f7c3d95e20
Revises: a41f7c20e6d9

What people upload: pictures of themselves and in posts. The files are not in the database: whoever
goes back past this keeps them, without a row that knows them.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from migrations.reshape import giving_ids_once, has_column

revision = 'a1f7c3d95e20'
down_revision = 'a41f7c20e6d9'
branch_labels = None
depends_on = None

Timestamp = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), 'mysql')


def upgrade() -> None:
    if not has_column('user', 'avatar_digest'):
        op.add_column('user', sa.Column('avatar_digest', sa.String(32)))
    if not has_column('post', 'pictures_json'):
        op.add_column('post', sa.Column('pictures_json', sa.Text))
    if not has_column('post', 'sensitive'):
        covered = sa.Column('sensitive', sa.Boolean, nullable=False, server_default='0')
        op.add_column('post', covered)
    # On MariaDB an interrupted upgrade cannot take back what it has made.
    op.drop_table('media', if_exists=True)
    op.drop_table('picture', if_exists=True)
    op.create_table(
        'picture',
        sa.Column('digest', sa.String(32), primary_key=True),
        sa.Column('width', sa.Integer, nullable=False),
        sa.Column('height', sa.Integer, nullable=False),
        sa.Column('size', sa.Integer, nullable=False),
        sa.Column('removed_since', Timestamp),
        sa.Index('ix_picture_removed_since', 'removed_since'),
        mysql_charset='utf8mb4',
        mysql_collate='utf8mb4_bin',
    )
    op.create_table(
        'media',
        sa.Column('id', sa.Integer, primary_key=True),
        sa.Column(
            'user_id',
            sa.Integer,
            sa.ForeignKey('user.id', name='fk_media_user_id_user', ondelete='SET NULL'),
        ),
        sa.Column(
            'digest',
            sa.String(32),
            sa.ForeignKey('picture.digest', name='fk_media_digest_picture'),
            nullable=False,
        ),
        sa.Column('purpose', sa.String(16), nullable=False),
        sa.Column(
            'post_id',
            sa.Integer,
            sa.ForeignKey('post.id', name='fk_media_post_id_post', ondelete='SET NULL'),
        ),
        sa.Column('timestamp', Timestamp, nullable=False),
        sa.Index('ix_media_post_id', 'post_id'),
        sa.Index('ix_media_user_id', 'user_id'),
        sa.Index('ix_media_digest', 'digest'),
        sqlite_autoincrement=True,
        mysql_charset='utf8mb4',
        mysql_collate='utf8mb4_bin',
    )


def downgrade() -> None:
    op.drop_table('media')
    op.drop_table('picture')
    with giving_ids_once('post') as post:
        post.drop_column('sensitive')
        post.drop_column('pictures_json')
    with giving_ids_once('user') as user:
        user.drop_column('avatar_digest')
