"""Deleting an account with everything that belongs to it, a little at a time.

Each step is a transaction that is over in some milliseconds and takes its locks in the order of all
others (people by id, then posts), so nobody waits long and nobody waits for one another. Whatever
interrupts it, the next call goes on; two at once do what one does.
"""

import time
from collections.abc import Callable, Iterable
from typing import Any

from flask import current_app
from sqlalchemy import ColumnElement, Table, delete, exists, func, or_, select, union_all
from sqlalchemy.exc import SQLAlchemyError

from app.background import in_background
from app.database import utcnow
from app.extensions import db
from app.models import Activity, Media, Message, Post, User, bookmarks, followers, likes
from app.models.counters import concerned_by, part_from
from app.models.leaving import BEGUN
from app.models.locks import hold
from app.models.media import FORGOTTEN, forget, remove_unused_pictures
from app.models.mention import mentions

FEW, SOME, MANY = 3, 30, 300  # rows of a transaction, by what each of them costs
AT_ONCE = 2  # seconds that a visitor waits; the rest goes on behind their back
ATTEMPTS = 6  # of a step that others have got in the way of
PAUSE = 0.5  # of the time that a step has taken: others want to write, too

_activity: Any = Activity.__table__.c
_media: Any = Media.__table__.c
_message: Any = Message.__table__.c
_post: Any = Post.__table__.c

Step = Callable[[int], bool]


def leave_now(user: User) -> None:
    """Delete an account, of which there is no more to see when this returns. Commits."""
    user_id = user.id
    user.begin_to_leave()
    db.session.commit()
    if not purge(user_id, AT_ONCE):
        in_background(purge, user_id)


def purge_due() -> int:
    """Delete those accounts whose time has come, and go on with those that are half gone."""
    count = 0
    for user_id in db.session.scalars(_due()).all():
        _hold({user_id})
        user = db.session.get(User, user_id, populate_existing=True)
        if user is None or user.deletion_at is None or user.deletion_at > utcnow():
            db.session.rollback()  # gone by now, or taken back at the last moment
            continue
        user.begin_to_leave()
        db.session.commit()
        try:
            count += purge(user_id)
        except SQLAlchemyError:
            # The others go; this one the next time.
            current_app.logger.exception('The account %s was not deleted', user_id)
    return count


def purge_due_in_background() -> None:
    """See to it that they go: called now and then, also where no command is run each day."""
    if db.session.scalar(select(exists(_due()))):
        in_background(purge_due)


def _due() -> Any:
    return select(User.id).where(User.deletion_at <= utcnow()).order_by(User.deletion_at)


def purge(user_id: int, seconds: float = float('inf')) -> bool:
    """Delete what belongs to an account that has begun to leave, and at last the account.

    Returns whether all of it is gone within that time.
    """
    end = time.monotonic() + seconds
    for step in STEPS[-2:] if _is_small(user_id) else STEPS:
        while _took_something(step, user_id):
            if time.monotonic() > end:
                return False
    current_app.logger.info('account deleted: account %s', user_id)
    return True


def _is_small(user_id: int) -> bool:
    """Tell whether so little belongs to an account that it can go at once."""
    columns = (
        followers.c.follower_id,
        followers.c.followed_id,
        likes.c.user_id,
        bookmarks.c.user_id,
        _post.user_id,
        _message.sender_id,
        _message.recipient_id,
        _activity.user_id,
        _media.user_id,
    )
    # (Each in a table of its own, since SQLite limits none but the whole.)
    some = (select(column).where(column == user_id).limit(SOME).subquery() for column in columns)
    all_ = union_all(*map(select, some)).subquery()
    return (db.session.scalar(select(func.count()).select_from(all_)) or 0) < SOME


def _took_something(step: Step, user_id: int) -> bool:
    """Do one step; whoever is in the way of it is let go first."""
    for attempt in range(ATTEMPTS):
        start = time.monotonic()
        try:
            took = step(user_id)
            db.session.flush()
            if step is not _delete_account:
                # Files go at the end, and not after each commit on a thread of its own.
                db.session.info.pop(FORGOTTEN, None)
            db.session.commit()
        except SQLAlchemyError as error:
            db.session.rollback()
            if attempt == ATTEMPTS - 1:
                raise
            current_app.logger.warning(
                'A step of a deletion is tried again: %s', type(error).__name__
            )
            time.sleep(0.1 * 2**attempt)
        else:
            if took:
                time.sleep(PAUSE * (time.monotonic() - start))
            return took
    return False


def _ids(column: Any, which: ColumnElement[bool], most: int) -> list[int]:
    return [*db.session.scalars(select(column).where(which).limit(most))]


def _hold(ids: Iterable[int]) -> None:
    hold(db.session.connection(), ids)


def _follow_nobody(user_id: int) -> bool:
    return part_from(user_id, followers.c.follower_id, followers.c.followed_id, FEW)


def _be_followed_by_nobody(user_id: int) -> bool:
    return part_from(user_id, followers.c.followed_id, followers.c.follower_id, SOME)


def _unlike(user_id: int) -> bool:
    ids = _ids(likes.c.post_id, likes.c.user_id == user_id, FEW)
    authors = _ids(Post.user_id, Post.id.in_(ids), FEW)
    _hold({user_id, *authors})
    user = db.session.get(User, user_id)
    if user is None:
        return False
    for post in db.session.scalars(select(Post).where(Post.id.in_(ids)).order_by(Post.id)):
        user.unlike(post)
    return bool(ids)


def _delete_crowds(user_id: int) -> bool:
    """Take from posts what they have more of than can go along with them."""
    crowded = or_(Post.like_count > MANY, Post.repost_count > SOME)
    post = db.session.scalars(select(Post).where(Post.user_id == user_id, crowded)).first()
    if post is None:
        return False
    admirers = _ids(likes.c.user_id, likes.c.post_id == post.id, MANY)
    reposts = _ids(Post.id, Post.repost_of == post.id, FEW)
    _delete_posts_with_these(user_id, reposts)
    of_these = (likes.c.post_id == post.id) & likes.c.user_id.in_(admirers)
    db.session.execute(delete(likes).where(of_these))
    # What is counted here is gone with the post: it says no more than what there is to do.
    post.like_count = max(post.like_count - len(admirers), 0) if admirers else 0
    if not reposts:
        post.repost_count = 0
    return True


def _delete_posts(user_id: int) -> bool:
    ids = _ids(Post.id, Post.user_id == user_id, FEW)
    _delete_posts_with_these(user_id, ids)
    return bool(ids)


def _delete_posts_with_these(user_id: int, ids: list[int]) -> None:
    _hold({user_id, *concerned_by(ids)})
    for post in db.session.scalars(select(Post).where(Post.id.in_(ids)).order_by(Post.id)):
        db.session.delete(post)
    db.session.flush()


def _unsend(user_id: int) -> bool:
    ids = _ids(Message.id, Message.sender_id == user_id, FEW)
    recipients = _ids(Message.recipient_id, Message.id.in_(ids), FEW)
    _hold({user_id, *recipients})
    for message in db.session.scalars(select(Message).where(Message.id.in_(ids))):
        db.session.delete(message)
    return bool(ids)


def _rows(column: Any, owner: Any) -> Step:
    """Return the step that deletes rows which nothing counts."""
    table: Table = column.table

    def step(user_id: int) -> bool:
        ids = _ids(column, owner == user_id, MANY)
        _hold({user_id})
        db.session.execute(delete(table).where(owner == user_id, column.in_(ids)))
        return bool(ids)

    return step


def _forget_pictures(user_id: int) -> bool:
    ids = _ids(Media.id, Media.user_id == user_id, MANY)
    forget(Media.id.in_(ids) & (Media.user_id == user_id))
    return bool(ids)


def _remove_files(_user_id: int) -> bool:
    remove_unused_pictures()
    return False


def _delete_account(user_id: int) -> bool:
    """Delete the account, and what others have done with it since the steps before this one."""
    _hold({user_id})
    user = db.session.get(User, user_id, populate_existing=True)
    if user is not None and user.deletion_at == BEGUN:
        db.session.delete(user)
    return False


STEPS: list[Step] = [
    _follow_nobody,
    _be_followed_by_nobody,
    _unlike,
    _rows(bookmarks.c.post_id, bookmarks.c.user_id),
    _delete_crowds,
    _delete_posts,
    _unsend,
    _rows(_message.id, _message.recipient_id),
    _rows(mentions.c.post_id, mentions.c.user_id),
    _rows(_activity.id, _activity.user_id),
    _forget_pictures,
    _remove_files,
    _delete_account,
]
