"""Numbers are kept, not counted: everything that keeps them right.

They change in the transaction that changes what they count, whoever does so through the session.
Bulk statements pass this by and must set them, as app/cli/demo does. (What a look leaves unread is
in message.py, with what else a look does.)
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Connection,
    delete,
    event,
    exists,
    func,
    insert,
    inspect,
    select,
    union,
    update,
)
from sqlalchemy.orm import InstanceState, Mapper, aliased
from sqlalchemy.orm.exc import ObjectDeletedError

from app.database import utcnow
from app.extensions import db
from app.models.activity import (
    ANSWER,
    FOLLOW,
    LIKE,
    MENTION,
    REPOST,
    Activity,
    count_unread,
    note,
    take_back,
)
from app.models.base import NUMBER, write_each
from app.models.followers import followers, following_changed
from app.models.locks import BATCH, hold
from app.models.mention import mentioned_in, mentions
from app.models.message import NEVER, UNREAD, Message, is_unread
from app.models.notification import tell
from app.models.post import Post
from app.models.reaction import likes, liking_changed
from app.models.tag import post_tags, put_under_tags
from app.models.user import User

TICK = timedelta(microseconds=1)  # by which a message is younger than the look before it


@event.listens_for(Post, 'before_insert')
def _count_new_post(_mapper: Mapper[Any], connection: Connection, post: Post) -> None:
    post.mentioned = mentioned_in(connection, post.body)
    post.answered = _author(connection, post.in_reply_to)
    post.reposted = _author(connection, post.repost_of)
    told = {*post.mentioned.values(), *post.answered, *post.reposted}
    if told:
        # Accounts before posts, and the lowest id first, as everywhere.
        present = hold(connection, {post.user_id, *told})
        post.mentioned = _of(present, post.mentioned)
    if post.in_reply_to is None:
        # Before the insert, not after it: whoever holds the author's row first goes first, whereas
        # two inserts that share the row's lock and then both want to write it would deadlock.
        _add(connection, User.post_count, [post.user_id], +1)
    elif not _add(connection, Post.reply_count, [post.in_reply_to], +1):
        raise ObjectDeletedError(inspect(post), 'What was to be answered has been deleted')
    if post.repost_of is not None:
        _add(connection, Post.repost_count, [post.repost_of], +1)


@event.listens_for(Post, 'after_insert')
def _tell_of_new_post(_mapper: Mapper[Any], connection: Connection, post: Post) -> None:
    put_under_tags(connection, post.id, post.timestamp, post.body)
    _mention(connection, post, post.mentioned)
    note(connection, ANSWER, post.user_id, post.answered, post.id)
    note(connection, REPOST, post.user_id, post.reposted, post.repost_of)
    mentioned = {*post.mentioned.values()} - post.answered  # who hear of it as an answer
    note(connection, MENTION, post.user_id, mentioned, post.id)


@event.listens_for(Post, 'before_update')
def _tell_of_edited_post(_mapper: Mapper[Any], connection: Connection, post: Post) -> None:
    if not inspect(post).attrs.body.load_history().has_changes():
        return
    mentioned = mentioned_in(connection, post.body)
    answered = _author(connection, post.in_reply_to)
    concerned = {post.user_id, *mentioned.values()}
    present = hold(connection, concerned | _mentioned_by(connection, post))
    mentioned = _of(present, mentioned)
    # Read once more: of two who change the same post, the second one has waited here.
    before = _mentioned_by(connection, post)
    hold(connection, before)
    now = {*mentioned.values()}
    connection.execute(delete(mentions).where(mentions.c.post_id == post.id))
    _mention(connection, post, mentioned)
    note(connection, MENTION, post.user_id, now - before - answered, post.id)
    take_back(connection, MENTION, post.user_id, before - now, post.id)
    connection.execute(delete(post_tags).where(post_tags.c.post_id == post.id))
    put_under_tags(connection, post.id, post.timestamp, post.body)


def _mentioned_by(connection: Connection, post: Post) -> set[int]:
    """Return the accounts that a post has mentioned until now."""
    found = select(mentions.c.user_id).where(mentions.c.post_id == post.id)
    return {*connection.scalars(found)}


def _of(present: set[int], mentioned: dict[str, int]) -> dict[str, int]:
    """Return those mentioned who have not been deleted at the same moment."""
    return {key: id_ for key, id_ in mentioned.items() if id_ in present}


def _mention(connection: Connection, post: Post, mentioned: dict[str, int]) -> None:
    rows = [{'post_id': post.id, 'name_key': key, 'user_id': id_} for key, id_ in mentioned.items()]
    if rows:
        connection.execute(insert(mentions), rows)


@event.listens_for(Post, 'before_delete')
def _discount_deleted_post(_mapper: Mapper[Any], connection: Connection, post: Post) -> None:
    author = {post.user_id}
    original = _author(connection, post.repost_of)
    hold(connection, author | original | _concerned(connection, post.id))
    # Of two who delete the same post, the second one waits here, and then finds nothing to count.
    row = select(Post.id).where(Post.id == post.id).with_for_update()
    if connection.scalar(row) is None:
        return
    # Those, too, who were about to do something with it.
    concerned = _concerned(connection, post.id)
    hold(connection, concerned)
    if post.in_reply_to is None:
        _add(connection, User.post_count, author, -1)
    else:
        _add(connection, Post.reply_count, [post.in_reply_to], -1)
    if post.repost_of is not None:
        _add(connection, Post.repost_count, [post.repost_of], -1)
        others = select(func.max(Post.user_id)).where(
            Post.repost_of == post.repost_of, Post.user_id.not_in({post.user_id, *original})
        )
        take_back(connection, REPOST, post.user_id, original, post.repost_of, others)
    reposters = connection.scalars(select(Post.user_id).where(Post.repost_of == post.id))
    _add(connection, User.post_count, reposters, -1)
    told = {*connection.scalars(select(Activity.user_id).where(Activity.post_id == post.id))}
    if told:
        connection.execute(delete(Activity).where(Activity.post_id == post.id))
        count_unread(connection, told)


def _concerned(connection: Connection, *post_ids: int) -> set[int]:
    """Return the accounts with which something goes when posts are deleted."""
    reposters = select(Post.user_id).where(Post.repost_of.in_(post_ids))
    told = select(Activity.user_id).where(Activity.post_id.in_(post_ids))
    return {*connection.scalars(union(reposters, told))}


def concerned_by(post_ids: Iterable[int]) -> set[int]:
    """Return the accounts that are held when posts are deleted, authors and reposters included."""
    ids = [*post_ids]
    connection = db.session.connection()
    passed_on = select(Post.repost_of).where(Post.id.in_(ids), Post.repost_of.is_not(None))
    authors = select(Post.user_id).where(Post.id.in_([*ids, *connection.scalars(passed_on)]))
    return {*connection.scalars(authors)} | _concerned(connection, *ids)


def _author(connection: Connection, post_id: int | None) -> set[int]:
    """Return the author of a post, if there is such a post."""
    if post_id is None:
        return set()
    return {*connection.scalars(select(Post.user_id).where(Post.id == post_id))}


def _add(connection: Connection, counter: Any, ids: Iterable[int], change: int) -> bool:
    """Change a number of some rows, which are held from then on; return whether there are any.

    Their ids are read before: of an UPDATE with a subquery MariaDB locks all rows of the table.
    """
    model, wanted, changed = counter.class_, [*ids], 0
    for start in range(0, len(wanted), BATCH):
        rows = update(model).where(model.id.in_(wanted[start : start + BATCH]))
        changed += connection.execute(rows.values({counter: counter + change})).rowcount
    return changed > 0


@liking_changed.connect
def _count_like(person: User, post: Post, change: int) -> None:
    connection = db.session.connection()
    _add(connection, Post.like_count, [post.id], change)
    db.session.expire(post, ['like_count'])
    author = {post.user_id}
    if change > 0:
        note(connection, LIKE, person.id, author, post.id)
    else:
        others = select(func.max(likes.c.user_id)).where(
            likes.c.post_id == post.id, likes.c.user_id != post.user_id
        )
        take_back(connection, LIKE, person.id, author, post.id, others)


@following_changed.connect
def _count_following(follower: User, followed: User, change: int) -> None:
    connection = db.session.connection()
    for person, counter in ((follower, User.followed_count), (followed, User.follower_count)):
        _add(connection, counter, [person.id], change)
        db.session.expire(person, [counter.key])
    tell_of_it = note if change > 0 else take_back
    tell_of_it(connection, FOLLOW, follower.id, {followed.id})


def part_from(user_id: int, mine: Any, others: Any, most: int) -> bool:
    """Let an account follow nobody of some, or be followed by none; return whether there were any.

    `mine` and `others` are the columns of `followers`. The caller commits.
    """
    connection = db.session.connection()
    some = select(others).where(mine == user_id)
    ids = {*connection.scalars(some.limit(most))}
    hold(connection, {user_id, *ids})
    # Once more: somebody may have been quicker.
    present = {*connection.scalars(some.where(others.in_(ids)))}
    connection.execute(delete(followers).where(mine == user_id, others.in_(present)))
    counters = [User.followed_count, User.follower_count]
    if mine is followers.c.followed_id:
        counters.reverse()
    own, theirs = counters
    for who, counter, number in (
        (User.id == user_id, own, len(present)),
        (User.id.in_(present), theirs, 1),
    ):
        connection.execute(update(User).where(who).values({counter: counter - number}))
    if mine is followers.c.follower_id:
        take_back(connection, FOLLOW, user_id, present)
    return bool(ids)


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
    own = select(Post.id).where(Post.user_id == user.id)
    told = select(Activity.user_id).where(
        (Activity.actor_id == user.id) | Activity.post_id.in_(own)
    )
    reposters = select(Post.user_id).where(Post.repost_of.in_(own))
    concerned = union(followed, following, recipients, told, reposters)
    # From here on nobody can begin to follow the account, and it cannot write to anybody.
    hold(connection, {user.id, *connection.scalars(concerned)})
    # Those, too, with whom that was about to happen.
    hold(connection, connection.scalars(concerned))
    for people, counter in ((followed, User.follower_count), (following, User.followed_count)):
        _add(connection, counter, connection.scalars(people), -1)
    _discount_messages_of(connection, user.id)
    _discount_posts_of(connection, user.id)
    _forget_activity_of(connection, user.id)


def _discount_posts_of(connection: Connection, author_id: int) -> None:
    """Let no number count what an account, which is held, did with posts, or others with its own.

    The posts of others are held from here on.
    """
    post: Any = Post.__table__.c
    for id_, is_own, counter in (
        (likes.c.post_id, likes.c.user_id == author_id, post.like_count),
        (post.in_reply_to, (post.user_id == author_id) & post.is_answer, post.reply_count),
        (post.repost_of, post.user_id == author_id, post.repost_count),
    ):
        done = select(id_, func.count()).where(is_own, id_.is_not(None)).group_by(id_)
        times: dict[int, int] = dict(connection.execute(done.order_by(id_)).all())
        write_each(connection, counter, counter - NUMBER, times)
    original = aliased(Post)
    passed_on = (
        select(Post.user_id, func.count())
        .join(original, original.id == Post.repost_of)
        .where(original.user_id == author_id, Post.user_id != author_id)
        .group_by(Post.user_id)
    )
    number: Any = User.__table__.c.post_count
    write_each(connection, number, number - NUMBER, dict(connection.execute(passed_on).all()))


def _forget_activity_of(connection: Connection, actor_id: int) -> None:
    """Let nobody hear any more of an account that is about to be deleted."""
    own = select(Post.id).where(Post.user_id == actor_id)
    of_it = (Activity.actor_id == actor_id) | Activity.post_id.in_(own)
    told = {*connection.scalars(select(Activity.user_id).where(of_it))} - {actor_id}
    # Of likes and reposts somebody else who did the same takes the place.
    for kind, who, what in (
        (LIKE, likes.c.user_id, likes.c.post_id),
        (REPOST, Post.user_id, Post.repost_of),
    ):
        others = (what == Activity.post_id, who != actor_id, who != Activity.user_id)
        other = select(func.max(who)).where(*others).scalar_subquery()
        concerned = update(Activity).where(Activity.actor_id == actor_id, Activity.kind == kind)
        connection.execute(concerned.where(other.is_not(None)).values(actor_id=other))
    connection.execute(delete(Activity).where(of_it))
    count_unread(connection, told)


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
    write_each(connection, User.__table__.c.unread_message_count, NUMBER, numbers)
    tell(connection, UNREAD, numbers)
