"""addresses, invitations, preferences

Revision ID: 4e1d9b7a62c8
Revises: b27e4d61f903

Addresses that their owners have not confirmed yet: of those that are there, all count as confirmed.
Who may write to somebody, what they are told of, how pages look to them; who was invited.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from migrations.reshape import giving_ids_once, has_column

revision = '4e1d9b7a62c8'
down_revision = 'b27e4d61f903'
branch_labels = None
depends_on = None

Timestamp = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), 'mysql')


def columns() -> list[sa.Column[str]]:
    return [
        sa.Column('claimed_email', sa.String(120)),
        sa.Column('color_scheme', sa.String(8)),
        sa.Column('messages_from', sa.String(16), nullable=False, server_default='everybody'),
        sa.Column('unwanted_activity', sa.String(64)),
    ]


def upgrade() -> None:
    for column in columns():
        if not has_column('user', column.name):
            op.add_column('user', column)
    # On MariaDB an interrupted upgrade cannot take back what it has made.
    op.drop_table('invitation', if_exists=True)
    op.create_table(
        'invitation',
        sa.Column('id', sa.Integer, primary_key=True),
        sa.Column(
            'user_id',
            sa.Integer,
            sa.ForeignKey('user.id', name='fk_invitation_user_id_user', ondelete='CASCADE'),
        ),
        sa.Column('code_hash', sa.String(64), nullable=False),
        sa.Column('most', sa.Integer, nullable=False),
        sa.Column('used', sa.Integer, nullable=False, server_default='0'),
        sa.Column('expiration', Timestamp, nullable=False),
        sa.Index('ix_invitation_user_id', 'user_id'),
        sa.Index('ix_invitation_code_hash', 'code_hash', unique=True),
        sqlite_autoincrement=True,
        mysql_charset='utf8mb4',
        mysql_collate='utf8mb4_bin',
    )


def downgrade() -> None:
    op.drop_table('invitation')
    with giving_ids_once('user') as user:
        for column in columns():
            user.drop_column(column.name)
