"""Numbers are kept, not counted: everything that keeps them right.

They change in the transaction that changes what they count, whoever does so through the session.
Bulk statements pass this by and must set them, as app/cli/demo does. (What a look leaves unread is
in message.py, with what else a look does.)
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Connection,
    bindparam,
    event,
    exists,
    func,
    inspect,
    select,
    union,
    update,
)
from sqlalchemy.orm import InstanceState, Mapper

from app.database import utcnow
from app.extensions import db
from app.models.followers import followers, following_changed
from app.models.locks import hold
from app.models.message import NEVER, UNREAD, Message, is_unread
from app.models.notification import tell
from app.models.post import Post
from app.models.user import User

TICK = timedelta(microseconds=1)  # by which a message is younger than the look before it


@event.listens_for(Post, 'before_insert')
def _count_new_post(_mapper: Mapper[Any], connection: Connection, post: Post) -> None:
    # Before the insert, not after it: whoever holds the author's row first goes first, whereas
    # two inserts that share the row's lock and then both want to write it would deadlock.
    connection.execute(
        update(User).where(User.id == post.user_id).values(post_count=User.post_count + 1)
    )


@event.listens_for(Post, 'before_delete')
def _discount_deleted_post(_mapper: Mapper[Any], connection: Connection, post: Post) -> None:
    # Of two who delete the same post, the second one waits here, and then finds nothing to count.
    author = User.id == post.user_id
    connection.execute(select(User.id).where(author).with_for_update(key_share=True))
    still_there = exists().where(Post.id == post.id)
    connection.execute(
        update(User).where(author, still_there).values(post_count=User.post_count - 1)
    )


@following_changed.connect
def _count_following(follower: User, followed: User, change: int) -> None:
    for person, counter in ((follower, User.followed_count), (followed, User.follower_count)):
        db.session.execute(
            update(User)
            .where(User.id == person.id)
            .values({counter: counter + change})
            .execution_options(synchronize_session=False)
        )
        db.session.expire(person, [counter.key])


@event.listens_for(Message, 'before_insert')
def _count_new_message(_mapper: Mapper[Any], connection: Connection, message: Message) -> None:
    recipient = User.id == message.recipient_id
    hold(connection, {message.recipient_id})
    since = connection.scalar(select(User.last_message_read_time).where(recipient)) or NEVER
    given: datetime | None = message.timestamp
    # A look that did not find it is older, whichever machine's clock is slow.
    message.timestamp = given or max(utcnow(), since + TICK)
    is_read = message.read_by_recipient or message.kept_by_recipient is False
    if message.timestamp > since and not is_read:
        number = User.unread_message_count + 1
        connection.execute(update(User).where(recipient).values(unread_message_count=number))


@event.listens_for(Message, 'before_update')
def _discount_copy(_mapper: Mapper[Any], connection: Connection, message: Message) -> None:
    kept = inspect(message).attrs.kept_by_recipient.load_history()
    if True in kept.deleted:
        _discount(connection, message)


@event.listens_for(Message, 'before_delete')
def _discount_message(_mapper: Mapper[Any], connection: Connection, message: Message) -> None:
    kept = inspect(message).attrs.kept_by_recipient.load_history()
    if True in (*kept.deleted, *kept.unchanged):
        _discount(connection, message)


def _discount(connection: Connection, message: Message) -> None:
    """Count a message no longer that is about to go, if it is there and unread; tell so."""
    # Held first: the statement must see what whoever was quicker has done.
    hold(connection, {message.recipient_id})
    unread = is_unread(User.id, func.coalesce(User.last_message_read_time, NEVER))
    recipient = User.id == message.recipient_id
    counted = connection.execute(
        update(User)
        .where(recipient, exists().where(Message.id == message.id, unread))
        .values(unread_message_count=User.unread_message_count - 1)
    )
    if counted.rowcount:
        number = connection.scalar(select(User.unread_message_count).where(recipient)) or 0
        tell(connection, UNREAD, {message.recipient_id: max(number, 0)})


@event.listens_for(User.last_message_read_time, 'set')
def _count_all_unread(user: User, time: datetime | None, *_: object) -> None:
    state: InstanceState[User] = inspect(user)
    if state.persistent:
        # A query for a value: the statement that writes the time counts as well.
        unread = is_unread(user.id, time or NEVER)
        number: Any = select(func.count()).where(unread).scalar_subquery()
        user.unread_message_count = number


@event.listens_for(User, 'before_update')
def _hold_what_is_counted(_mapper: Mapper[Any], connection: Connection, user: User) -> None:
    # Before the statement that counts begins: it must see what whoever was quicker has done.
    state: InstanceState[User] = inspect(user)
    if state.attrs.unread_message_count.history.has_changes():
        hold(connection, {user.id})


@event.listens_for(User, 'before_delete')
def _leave_no_count_behind(_mapper: Mapper[Any], connection: Connection, user: User) -> None:
    followed = select(followers.c.followed_id).where(followers.c.follower_id == user.id)
    following = select(followers.c.follower_id).where(followers.c.followed_id == user.id)
    recipients = select(Message.recipient_id).where(Message.sender_id == user.id)
    concerned = union(followed, following, recipients)
    # From here on nobody can begin to follow the account, and it cannot write to anybody.
    hold(connection, {user.id, *connection.scalars(concerned)})
    # Those, too, with whom that was about to happen.
    hold(connection, connection.scalars(concerned))
    for people, counter in ((followed, User.follower_count), (following, User.followed_count)):
        connection.execute(update(User).where(User.id.in_(people)).values({counter: counter - 1}))
    _discount_messages_of(connection, user.id)


def _discount_messages_of(connection: Connection, sender_id: int) -> None:
    """Let nobody have unread messages from an account that is about to be deleted.

    It is held, and so are those to whom it has written.
    """
    unread = is_unread(User.id, func.coalesce(User.last_message_read_time, NEVER))
    left = connection.execute(
        select(User.id, User.unread_message_count - func.count())
        .where(unread, Message.sender_id == sender_id)
        .group_by(User.id, User.unread_message_count)
    )
    numbers = {id_: max(number, 0) for id_, number in left}
    if not numbers:
        return
    user = User.__table__.c
    connection.execute(
        update(User.__table__)
        .where(user.id == bindparam('recipient'))
        .values(unread_message_count=bindparam('number')),
        [{'recipient': id_, 'number': number} for id_, number in numbers.items()],
    )
    tell(connection, UNREAD, numbers)
