"""Who follows whom (chapter 8)."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, Table

from app.database import TABLE_OPTIONS, Base

followers = Table(
    'followers',
    Base.metadata,
    Column('follower_id', Integer, ForeignKey('user.id', ondelete='CASCADE'), primary_key=True),
    Column('followed_id', Integer, ForeignKey('user.id', ondelete='CASCADE'), primary_key=True),
    CheckConstraint('follower_id <> followed_id', name='not_oneself'),
    # The primary key lists whom one follows, this lists by whom one is followed.
    Index(None, 'followed_id', 'follower_id'),
    **TABLE_OPTIONS,
)
