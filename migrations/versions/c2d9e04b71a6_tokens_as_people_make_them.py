"""tokens as people make them

Revision ID: c2d9e04b71a6
Revises: a1f7c3d95e20

A token has scopes, and one that a person has made a name, perhaps no end, and a time of last use.
Whoever goes back past this loses those without an end, which nothing there can hold.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from migrations.reshape import giving_ids_once, has_column

revision = 'c2d9e04b71a6'
down_revision = 'a1f7c3d95e20'
branch_labels = None
depends_on = None

Timestamp = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), 'mysql')
ALL_SCOPES = 'read write messages account'


def upgrade() -> None:
    if not has_column('api_token', 'name'):
        op.add_column('api_token', sa.Column('name', sa.String(64)))
    if not has_column('api_token', 'scopes'):
        scopes = sa.Column('scopes', sa.String(64), nullable=False, server_default=ALL_SCOPES)
        op.add_column('api_token', scopes)
    if not has_column('api_token', 'last_used'):
        op.add_column('api_token', sa.Column('last_used', Timestamp))
    with giving_ids_once('api_token') as token:
        token.alter_column('expiration', existing_type=Timestamp, nullable=True)


def downgrade() -> None:
    tokens = sa.table('api_token', sa.column('expiration'), sa.column('scopes'))
    # One that may do less would be good for all there.
    is_less = sa.or_(tokens.c.expiration.is_(None), tokens.c.scopes != ALL_SCOPES)
    op.execute(sa.delete(tokens).where(is_less))
    with giving_ids_once('api_token') as token:
        token.drop_column('last_used')
        token.drop_column('scopes')
        token.drop_column('name')
        token.alter_column('expiration', existing_type=Timestamp, nullable=False)
