"""Pictures that people have uploaded: whose they are, what they are used for, and how they go.

A row of `picture` is what lies in the storage, once, however many people have uploaded it; a row
of `media` is somebody's use of it. The row is committed before the files are written, so that there
is never a file that no row knows; and the row goes after the files have gone. What was interrupted
in between is found by `remove_unused_pictures` and `tidy`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from flask import current_app
from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    String,
    delete,
    event,
    exists,
    false,
    func,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from app.background import in_background
from app.database import TABLE_OPTIONS, Timestamp, insert_if_absent, utcnow
from app.extensions import db
from app.media.images import (
    AVATARS,
    DIGEST_LENGTH,
    LARGE,
    PATH,
    SMALL,
    BusyError,
    digest_of,
    file_name,
)
from app.media.images import Picture as Files
from app.media.storage import StorageUnavailableError, is_draft, storage
from app.models.base import Identifier, Model, rows_changed
from app.models.locks import Lockable

MEGABYTE = 1000 * 1000
UPLOAD, AVATAR, POST = 'upload', 'avatar', 'post'  # what it is used for; at first for nothing
MOST_PICTURES = 4  # of a post
ALT_LENGTH = 1000  # code points of a description
KEPT_UNUSED = timedelta(days=1)
SIZES = sorted({LARGE, SMALL, *AVATARS})
BATCH = 200  # pictures at a time
REMOVAL_TIME = timedelta(minutes=1)  # after which whoever removes a picture's files has died
PATIENCE = 5  # seconds that an upload waits for its own picture to be removed
DRAFT_TIME = timedelta(minutes=1)  # in which a file is written
FORGOTTEN = 'pictures that a commit leaves to nobody'


class QuotaExceededError(Exception):
    """Somebody has stored as much as one may."""


class UnknownPictureError(Exception):
    """A post is to have a picture that its author has not uploaded, or has used elsewhere."""


class Picture(Model):
    """What lies in the storage under a digest."""

    __tablename__ = 'picture'

    digest: Mapped[str] = mapped_column(String(DIGEST_LENGTH), primary_key=True)
    width: Mapped[int]
    height: Mapped[int]
    size: Mapped[int]  # bytes of all its files
    # Since when its files are being removed. Until that is done nobody can upload it again.
    removed_since: Mapped[datetime | None] = mapped_column(Timestamp, index=True)

    __table_args__ = (TABLE_OPTIONS,)

    def __repr__(self) -> str:
        return f'<Picture {self.digest}>'

    def is_being_removed(self) -> bool:
        """Tell whether somebody is removing the files; whoever began too long ago has died."""
        since = self.removed_since
        return since is not None and since > utcnow() - REMOVAL_TIME


class Media(Model):
    """A use of a picture. One without an owner is no use any more."""

    __tablename__ = 'media'

    id: Mapped[Identifier]
    # An account that goes leaves its pictures to be removed.
    user_id: Mapped[int | None] = mapped_column(
        ForeignKey('user.id', ondelete='SET NULL'), index=True
    )
    digest: Mapped[str] = mapped_column(
        String(DIGEST_LENGTH), ForeignKey('picture.digest'), index=True
    )
    purpose: Mapped[str] = mapped_column(String(16), default=UPLOAD)
    # A post that goes leaves its pictures to be removed, too.
    post_id: Mapped[int | None] = mapped_column(
        ForeignKey('post.id', ondelete='SET NULL'), index=True
    )
    timestamp: Mapped[datetime] = mapped_column(Timestamp, default=utcnow)

    picture: Mapped[Picture] = relationship(lazy='joined', innerjoin=True)

    __table_args__ = (TABLE_OPTIONS,)
    # What two remove at once is removed.
    __mapper_args__ = {'confirm_deleted_rows': False}

    def __repr__(self) -> str:
        return f'<Media {self.digest}>'


# A use that is none any more.
FORGOTTEN_USE = Media.user_id.is_(None) | ((Media.purpose == POST) & Media.post_id.is_(None))


class Shot(NamedTuple):
    """A picture of a post, with all that a page shows of it."""

    media_id: int
    digest: str
    width: int
    height: int
    alt: str

    @classmethod
    def of(cls, media: Media, alt: str) -> Shot:
        """Return what an upload is, as it will be in a post."""
        picture = media.picture
        return cls(media.id, picture.digest, picture.width, picture.height, alt)

    @property
    def large(self) -> str:
        """Return the address of the picture, a path below that of the application."""
        return PATH + file_name(self.digest, LARGE)

    @property
    def small(self) -> str:
        return PATH + file_name(self.digest, SMALL)

    @property
    def small_width(self) -> int:
        return round(self.width * min(1, SMALL / max(self.width, self.height)))


def shots(pictures_json: str) -> tuple[Shot, ...]:
    """Return the pictures that a post's column tells of."""
    return tuple(Shot(*facts) for facts in json.loads(pictures_json))


class Illustrated:
    """A post, or an entry of a timeline, that may have pictures."""

    if TYPE_CHECKING:
        # What `Shot` tells of each, as JSON: a page of posts asks for no other table.
        pictures_json: Any

    @property
    def pictures(self) -> tuple[Shot, ...]:
        return shots(self.pictures_json) if self.pictures_json else ()


class Album(Illustrated):
    """What a post can do with pictures."""

    if TYPE_CHECKING:
        id: Any
        user_id: Any

    def illustrate(self, pictures: Sequence[tuple[int, str]]) -> None:
        """Have the post show these: the ids of uploads of its author's, each with a description.

        Those that it has may be among them; the others go. The caller commits. Raises
        UnknownPictureError.
        """
        alts = dict(pictures)
        if not alts and not self.pictures_json:
            return
        if len(alts) != len(pictures):
            raise UnknownPictureError
        db.session.flush()
        is_own = Media.post_id == self.id
        forget(is_own & Media.id.not_in(alts))
        is_free = (Media.user_id == self.user_id) & (Media.purpose == UPLOAD)
        chosen = update(Media).where(Media.id.in_(alts), is_own | is_free)
        if rows_changed(chosen.values(purpose=POST, post_id=self.id)) != len(alts):
            raise UnknownPictureError
        rows = db.session.scalars(select(Media).where(Media.id.in_(alts)))
        found = {media.id: media for media in rows}
        told = [Shot.of(found[id_], alt) for id_, alt in alts.items()]
        self.pictures_json = json.dumps(told, ensure_ascii=False) if told else None


class Uploader(Lockable):
    """What an account can do with pictures."""

    if TYPE_CHECKING:
        avatar_digest: Mapped[str | None]

    def uploads(self, ids: Iterable[int], post_id: int | None = None) -> list[Media]:
        """Return those of the uploads that the account may use, in a post or in that one."""
        wanted = [*ids]
        is_free = (Media.user_id == self.id) & (Media.purpose == UPLOAD)
        is_there = (Media.post_id == post_id) if post_id is not None else false()
        found = select(Media).where(Media.id.in_(wanted), is_free | is_there)
        rows = {media.id: media for media in db.session.scalars(found)}
        return [rows[id_] for id_ in wanted if id_ in rows]

    def stored_bytes(self) -> int:
        """Return how much the account's pictures take."""
        sizes = select(func.coalesce(func.sum(Picture.size), 0)).join(Media)
        return int(db.session.execute(sizes.where(Media.user_id == self.id)).scalar_one())

    def check_quota(self, size: int = 0) -> None:
        """Raise QuotaExceededError where `size` bytes more are too many."""
        if self.stored_bytes() + size > current_app.config['MEDIA_QUOTA'] * MEGABYTE:
            raise QuotaExceededError

    def keep(self, files: Files) -> Media:
        """Store a picture, and return it as one that is not used for anything yet. Commits.

        Raises QuotaExceededError, BusyError, StorageUnavailableError.
        """
        media = self._reserve(files)
        try:
            for name, data in files.files.items():
                storage().put(name, data)
        except StorageUnavailableError:
            forget(Media.id == media.id)
            db.session.commit()
            raise
        return media

    def _reserve(self, files: Files) -> Media:
        """Make the row, which nobody removes the files under."""
        end = time.monotonic() + PATIENCE
        while True:
            self.lock()
            self.check_quota(files.size)
            picture = db.session.get(
                Picture, files.digest, populate_existing=True, with_for_update={'key_share': True}
            )
            if picture is not None and not picture.is_being_removed():
                picture.removed_since = None
                media = Media(user_id=self.id, digest=files.digest)
                db.session.add(media)
                db.session.commit()
                return media
            db.session.rollback()
            if picture is None:
                _add(files)
            elif time.monotonic() > end:
                raise BusyError
            else:
                time.sleep(0.1)

    def set_avatar(self, files: Files | None) -> None:
        """Show this picture, or none, as the account's own. Commits."""
        media = None if files is None else self.keep(files)
        self.lock()
        forget((Media.user_id == self.id) & (Media.purpose == AVATAR))
        if media is not None:
            media.purpose = AVATAR
        self.avatar_digest = None if media is None else media.digest
        db.session.commit()


def _add(files: Files) -> None:
    """Have a row for a picture, whoever else is about to. Commits.

    A transaction of its own: two that share MariaDB's lock of the row that is there already, and
    both want it for themselves, would wait for one another.
    """
    table: Any = Picture.__table__
    row = {name: getattr(files, name) for name in ('digest', 'width', 'height', 'size')}
    insert_if_absent(db.session.connection(), table, row)
    db.session.commit()


def forget(which: ColumnElement[bool]) -> None:
    """Let some uses be no uses any more. The pictures go soon after the caller's commit."""
    if rows_changed(update(Media).where(which).values(user_id=None)):
        db.session.info[FORGOTTEN] = True


@event.listens_for(db.session, 'before_flush')
def _note_deletions(session: Session, *_: Any) -> None:
    """The database itself takes the pictures from an account or a post that is deleted."""
    for instance in session.deleted:
        owned = _owned_by(instance)
        if owned is not None and session.scalar(select(exists().where(owned))):
            session.info[FORGOTTEN] = True


def _owned_by(instance: Any) -> Any:
    if isinstance(instance, Uploader):
        return Media.user_id == instance.id
    if isinstance(instance, Album) and instance.pictures_json:
        return Media.post_id == instance.id
    return None


@event.listens_for(db.session, 'after_commit')
def _remove_after_commit(session: Session) -> None:
    if not session.in_nested_transaction() and session.info.pop(FORGOTTEN, False):
        in_background(remove_unused_pictures)


@event.listens_for(db.session, 'after_rollback')
def _keep_after_rollback(session: Session) -> None:
    session.info.pop(FORGOTTEN, None)


def remove_unused_pictures() -> int:
    """Remove the files of pictures that nobody uses any more; return of how many. Commits.

    While the storage is away they stay, for the next time.
    """
    _drop_forgotten_uses()
    return _remove_claimed()


def _drop_forgotten_uses() -> None:
    while True:
        found = db.session.execute(
            select(Media.id, Media.digest).where(FORGOTTEN_USE).limit(BATCH)
        ).all()
        db.session.rollback()
        if not found:
            return
        ids, digests = zip(*found, strict=True)
        db.session.execute(delete(Media).where(Media.id.in_(ids)))
        _claim_for_removal(Picture.digest.in_(digests))
        db.session.commit()


def _claim_for_removal(which: ColumnElement[bool]) -> None:
    """Mark those pictures that nobody uses. They are held before it is asked who does."""
    held = select(Picture.digest).where(which).order_by(Picture.digest)
    digests = db.session.scalars(held.with_for_update(key_share=True)).all()
    unused = ~exists().where(Media.digest == Picture.digest)
    claimed = update(Picture).where(
        Picture.digest.in_(digests), Picture.removed_since.is_(None), unused
    )
    # So long ago that whoever comes first may remove it.
    rows_changed(claimed.values(removed_since=utcnow() - REMOVAL_TIME))


def _remove_claimed() -> int:
    count = 0
    while True:
        now = utcnow()
        waiting = select(Picture.digest).where(Picture.removed_since <= now - REMOVAL_TIME)
        digests = db.session.scalars(waiting.limit(BATCH)).all()
        mine = [digest for digest in digests if _take(digest, now)]
        db.session.commit()
        if not digests:
            return count
        names = [file_name(digest, size) for digest in mine for size in SIZES]
        try:
            storage().delete(names)
        except StorageUnavailableError:
            _give_back(mine)
            return count
        of_mine = Picture.digest.in_(mine) & (Picture.removed_since == now)
        rows_changed(delete(Picture).where(of_mine))
        db.session.commit()
        count += len(mine)


def _take(digest: str, now: datetime) -> bool:
    """Tell whether this process, of several, removes a picture."""
    is_due = Picture.removed_since <= now - REMOVAL_TIME
    statement = update(Picture).where(Picture.digest == digest, is_due).values(removed_since=now)
    return bool(rows_changed(statement))


def _give_back(digests: list[str]) -> None:
    taken = Picture.digest.in_(digests) & Picture.removed_since.is_not(None)
    rows_changed(update(Picture).where(taken).values(removed_since=utcnow() - REMOVAL_TIME))
    db.session.commit()


def tidy() -> tuple[int, int]:
    """Remove what is in nobody's use: return how many pictures, and how many files without a row.

    Uploads that were used for nothing within a day; pictures that nobody uses, although nothing has
    told so; what a crash has left half written. Raises StorageUnavailableError.
    """
    old = (Media.purpose == UPLOAD) & (Media.timestamp < utcnow() - KEPT_UNUSED)
    rows_changed(update(Media).where(old).values(user_id=None))
    db.session.commit()
    _claim_for_removal(~exists().where(Media.digest == Picture.digest))
    db.session.commit()
    return remove_unused_pictures(), _remove_strays()


def _remove_strays() -> int:
    count = 0
    names: list[str] = []
    for stored in storage().everything():
        if is_draft(stored.name):
            if stored.time < utcnow() - DRAFT_TIME:
                storage().delete([stored.name])
                count += 1
        else:
            names.append(stored.name)
        if len(names) == BATCH:
            count += _remove_unknown(names)
            names = []
    return count + _remove_unknown(names)


def _remove_unknown(names: list[str]) -> int:
    """Remove those files that belong to no picture; what is none of ours is left alone."""
    digests = {name: digest_of(name) for name in names}
    wanted = {digest for digest in digests.values() if digest}
    known = {*db.session.scalars(select(Picture.digest).where(Picture.digest.in_(wanted)))}
    db.session.rollback()
    unknown = [name for name, digest in digests.items() if digest and digest not in known]
    storage().delete(unknown)
    return len(unknown)
