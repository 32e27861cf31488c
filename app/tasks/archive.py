"""The archive of all that a person has written, liked, passed on and kept, made piece by piece."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, exists, func, select

from app.extensions import db
from app.models import (
    Activity,
    ApiToken,
    Invitation,
    LoginSession,
    Message,
    Passkey,
    Post,
    User,
    followers,
)
from app.models.account_event import AccountEvent
from app.models.listing import beyond, sort
from app.models.media import shots
from app.models.reaction import bookmarks, likes

BATCH = 1000  # entries held in memory at a time
HEAD, TAIL = '{\n    "": [', '\n    ]\n}'
POST: Any = Post.__table__.c
REPOST: Any = Post.__table__.alias('repost').c

Entry = dict[str, Any]


class Piece(NamedTuple):
    text: str
    entry_count: int  # in all pieces up to this one


@dataclass(frozen=True)
class Part:
    """A list of the archive: whose rows it has, and the columns that it is sorted by."""

    owner: Any
    order: tuple[Any, ...]
    statement: Select[Any]


def _of_others(post_id: Any, timestamp: Any) -> Select[Any]:
    """Select posts that something was done to, and when."""
    columns = select(POST.body, timestamp.label('timestamp'), POST.id, User.username)
    return columns.join(Post.__table__, POST.id == post_id).join(User, User.id == POST.user_id)


PARTS = {
    'posts': Part(
        POST.user_id,
        (POST.timestamp, POST.id),
        select(
            POST.body,
            POST.timestamp,
            POST.id,
            POST.edited,
            POST.in_reply_to,
            POST.pictures_json.label('media'),
        ).where(POST.repost_of.is_(None)),
    ),
    # In the order of the posts, which is that of an index.
    'likes': Part(
        likes.c.user_id,
        (likes.c.post_id,),
        _of_others(likes.c.post_id, likes.c.timestamp).select_from(likes),
    ),
    'reposts': Part(
        REPOST.user_id,
        (REPOST.timestamp, REPOST.id),
        _of_others(REPOST.repost_of, REPOST.timestamp).select_from(REPOST.id.table),
    ),
    'bookmarks': Part(
        bookmarks.c.user_id,
        (bookmarks.c.timestamp, bookmarks.c.post_id),
        _of_others(bookmarks.c.post_id, bookmarks.c.timestamp).select_from(bookmarks),
    ),
}

ACTIVITY: Any = Activity.__table__.c
DEVICE: Any = LoginSession.__table__.c
EVENT: Any = AccountEvent.__table__.c
INVITATION: Any = Invitation.__table__.c
MESSAGE: Any = Message.__table__.c
PASSKEY: Any = Passkey.__table__.c
TOKEN: Any = ApiToken.__table__.c
USER: Any = User.__table__.c
PROFILE = (
    'id username email claimed_email about_me last_seen language color_scheme messages_from '
    'unwanted_activity noindex'
)

# What is about the account and none of its posts: no secret, and no hash of one.
ACCOUNT = {
    'profile': Part(USER.id, (USER.id,), select(*(USER[name] for name in PROFILE.split()))),
    'messages_sent': Part(
        MESSAGE.sender_id,
        (MESSAGE.timestamp, MESSAGE.id),
        select(MESSAGE.body, MESSAGE.timestamp, MESSAGE.id, USER.username)
        .join(USER.id.table, USER.id == MESSAGE.recipient_id)
        .where(MESSAGE.kept_by_sender),
    ),
    'messages_received': Part(
        MESSAGE.recipient_id,
        (MESSAGE.timestamp, MESSAGE.id),
        select(MESSAGE.body, MESSAGE.timestamp, MESSAGE.id, USER.username)
        .join(USER.id.table, USER.id == MESSAGE.sender_id)
        .where(MESSAGE.kept_by_recipient),
    ),
    'following': Part(
        followers.c.follower_id,
        (followers.c.followed_id,),
        select(USER.username).join(followers, followers.c.followed_id == USER.id),
    ),
    'followers': Part(
        followers.c.followed_id,
        (followers.c.follower_id,),
        select(USER.username).join(followers, followers.c.follower_id == USER.id),
    ),
    'activity': Part(
        ACTIVITY.user_id,
        (ACTIVITY.timestamp, ACTIVITY.id),
        select(ACTIVITY.kind, ACTIVITY.timestamp, ACTIVITY.post_id, USER.username).join(
            USER.id.table, USER.id == ACTIVITY.actor_id
        ),
    ),
    'devices': Part(
        DEVICE.user_id,
        (DEVICE.id,),
        select(DEVICE.browser, DEVICE.address, DEVICE.created, DEVICE.last_used),
    ),
    'history': Part(
        EVENT.user_id,
        (EVENT.id,),
        select(EVENT.what, EVENT.timestamp, EVENT.address, EVENT.browser),
    ),
    'passkeys': Part(PASSKEY.user_id, (PASSKEY.id,), select(PASSKEY.name, PASSKEY.last_used)),
    'tokens': Part(
        TOKEN.user_id,
        (TOKEN.id,),
        select(TOKEN.name, TOKEN.scopes, TOKEN.expiration, TOKEN.last_used),
    ),
    'invitations': Part(
        INVITATION.user_id, (INVITATION.id,), select(INVITATION.used, INVITATION.expiration)
    ),
}


def archive(user_id: int, parts: dict[str, Part] = PARTS) -> Iterator[Piece]:
    """Give the JSON archive of a user, in pieces of some 100 KB.

    Together they are what `json.dumps({'posts': [...], 'likes': [...], ...}, indent=4)` gives.
    Between two pieces no transaction is open: nothing holds the database while somebody slow reads.
    """
    count = 0
    for number, name in enumerate(parts):
        before, is_empty = f'{"," if number else "{"}\n    "{name}": [', True
        for entries in batches(name, user_id):
            count += len(entries)
            yield Piece(f'{before}{_indented(entries)}', count)
            before, is_empty = ',', False
        yield Piece(f'{before}]' if is_empty else '\n    ]', count)
    yield Piece('\n}', count)


def _indented(entries: list[Entry]) -> str:
    """Return entries as they stand in a list of the archive, without its brackets."""
    return json.dumps({'': entries}, indent=4).removeprefix(HEAD).removesuffix(TAIL)


def size(user_id: int) -> int:
    """Return how many entries the archive of a user will have."""
    counts = (
        select(func.count()).where(part.owner == user_id).scalar_subquery()
        for name, part in PARTS.items()
        if name != 'reposts'  # which are among the rows of posts
    )
    first, *others = counts
    return db.session.scalar(select(sum(others, first))) or 0


def has_pictures(user_id: int) -> bool:
    """Tell whether posts of a user have pictures, which the archive only names."""
    with_some = (POST.user_id == user_id) & POST.pictures_json.is_not(None)
    return bool(db.session.scalar(select(exists().where(with_some))))


def batches(name: str, user_id: int) -> Iterator[list[Entry]]:
    """Give what is in a list of a user's, at most 1,000 entries at a time."""
    part = PARTS.get(name) or ACCOUNT[name]
    columns = [*part.order]
    place = [column.label(f'place_{number}') for number, column in enumerate(columns)]
    own = part.statement.add_columns(*place).where(part.owner == user_id)
    statement = sort(own, columns, upward=True).limit(BATCH)
    next_ones = statement
    while True:
        rows = db.session.execute(next_ones).all()
        db.session.rollback()
        if rows:
            yield [_entry(row) for row in rows]
        if len(rows) < BATCH:
            return
        last = [getattr(rows[-1], column.name) for column in place]
        next_ones = statement.where(beyond(columns, last, upward=True))


def _entry(row: Any) -> Entry:
    """Return what a row says, of what there is to say."""
    facts = zip(row._fields, row, strict=True)
    entry: Entry = {
        name: f'{value.isoformat()}Z' if isinstance(value, datetime) else value
        for name, value in facts
        if value is not None and not name.startswith('place_')
    }
    if 'media' in entry:
        entry['media'] = [
            {'file': picture_name(row.id, number), 'alt': shot.alt}
            for number, shot in enumerate(shots(entry['media']), 1)
        ]
    return entry


def picture_name(post_id: int, number: int) -> str:
    """Return what a picture of a post is called in the archive with pictures (zipped.py)."""
    return f'pictures/{post_id}-{number}.webp'
