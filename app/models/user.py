"""Accounts, and who follows whom (chapters 4, 5, 6 and 8)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from flask_login import UserMixin
from sqlalchemy import (
    Connection,
    CursorResult,
    String,
    delete,
    event,
    inspect,
    select,
    union,
    update,
)
from sqlalchemy.orm import (
    InstanceState,
    Mapped,
    Mapper,
    WriteOnlyMapped,
    mapped_column,
    relationship,
    validates,
)
from sqlalchemy.orm.exc import ObjectDeletedError

from app import passwords
from app.database import LARGEST_ID, TABLE_OPTIONS, Timestamp, insert_if_absent, utcnow
from app.extensions import db, login
from app.models.api_token import ApiToken
from app.models.avatar import Pictured
from app.models.base import Identifier, Model
from app.models.followers import followers
from app.models.locks import hold
from app.models.message import (
    Correspondent,
    discount_messages_of,
    recipients_of,
    unread_count,
)
from app.models.searchable import SearchableMixin
from app.models.task import TaskOwner
from app.models.tokens import FINGERPRINT_LENGTH, fingerprint, make_token, read_token
from app.text import case_key, is_storable, normalize_name

if TYPE_CHECKING:
    from app.models.message import Message
    from app.models.notification import Notification
    from app.models.post import Post
    from app.models.task import Task
    from app.models.timeline import FollowedPosts


class User(UserMixin, SearchableMixin, Correspondent, TaskOwner, Pictured, Model):
    __tablename__ = 'user'
    __searchable__ = ['username']

    id: Mapped[Identifier]
    username: Mapped[str] = mapped_column(String(64), index=True, unique=True)
    email: Mapped[str] = mapped_column(String(120), index=True, unique=True)
    # The same without regard to case, so that the database itself refuses a double.
    # A folded character can be three: these are wider than what they stand for.
    username_key: Mapped[str] = mapped_column(String(192), index=True, unique=True)
    email_key: Mapped[str] = mapped_column(String(360), index=True, unique=True)
    password_hash: Mapped[str | None] = mapped_column(String(256))
    # Of a hash that was made anew for the same password: its mark, and the one that goes on.
    password_renewal: Mapped[str | None] = mapped_column(String(2 * FINGERPRINT_LENGTH))
    about_me: Mapped[str | None] = mapped_column(String(140))
    last_seen: Mapped[datetime | None] = mapped_column(Timestamp, default=utcnow)
    last_message_read_time: Mapped[datetime | None] = mapped_column(Timestamp)
    # Of the site, chosen by the person; None leaves it to their browser.
    language: Mapped[str | None] = mapped_column(String(16))
    # The tutorial's, and empty: tokens of the API have a table of their own.
    token: Mapped[str | None] = mapped_column(String(32), index=True, unique=True)
    token_expiration: Mapped[datetime | None] = mapped_column(Timestamp)
    # Kept in the transaction that changes what they count: no page counts a growing table.
    post_count: Mapped[int] = mapped_column(default=0, server_default='0')
    follower_count: Mapped[int] = mapped_column(default=0, server_default='0')
    followed_count: Mapped[int] = mapped_column(default=0, server_default='0')
    unread_message_count: Mapped[int] = mapped_column(default=0, server_default='0')

    posts: WriteOnlyMapped[Post] = relationship(back_populates='author', passive_deletes=True)
    followed: WriteOnlyMapped[User] = relationship(
        secondary=followers,
        primaryjoin=lambda: followers.c.follower_id == User.id,
        secondaryjoin=lambda: followers.c.followed_id == User.id,
        back_populates='followers',
        viewonly=True,
    )
    followers: WriteOnlyMapped[User] = relationship(
        secondary=followers,
        primaryjoin=lambda: followers.c.followed_id == User.id,
        secondaryjoin=lambda: followers.c.follower_id == User.id,
        back_populates='followed',
        viewonly=True,
    )
    messages_sent: WriteOnlyMapped[Message] = relationship(
        foreign_keys='Message.sender_id', back_populates='author', passive_deletes=True
    )
    messages_received: WriteOnlyMapped[Message] = relationship(
        foreign_keys='Message.recipient_id', back_populates='recipient', passive_deletes=True
    )
    notifications: WriteOnlyMapped[Notification] = relationship(
        back_populates='user', passive_deletes=True
    )
    tasks: WriteOnlyMapped[Task] = relationship(back_populates='user', passive_deletes=True)
    api_tokens: WriteOnlyMapped[ApiToken] = relationship(
        back_populates='user', passive_deletes=True
    )

    __table_args__ = (TABLE_OPTIONS,)
    # Whoever deletes what another one has just deleted has got what they want.
    __mapper_args__ = {'confirm_deleted_rows': False}

    def __repr__(self) -> str:
        return f'<User {self.username}>'

    @validates('username')
    def _fold_username(self, _name: str, username: str) -> str:
        # The key of what stays as it is can have a mark: an upgrade has told doubles apart by it.
        if username != self.username:
            self.username_key = case_key(username)
        return username

    @validates('email')
    def _fold_email(self, _name: str, email: str) -> str:
        if email != self.email:
            self.email_key = case_key(email)
        return email

    @validates('last_message_read_time')
    def _count_unread(self, _name: str, time: datetime | None) -> datetime | None:
        state: InstanceState[User] = inspect(self)
        if state.persistent:
            # A query for a value: the statement that writes the time counts as well.
            number: Any = unread_count(self.id, time)
            self.unread_message_count = number
        return time

    @staticmethod
    def find(username: str) -> User | None:
        """Return the account of that name in any case; the very spelling wins.

        (Upgraded databases may hold names that differ only in case.)
        """
        return User._find(User.username_key, User.username, username)

    @staticmethod
    def find_by_email(email: str) -> User | None:
        """Return the account with that address in any case; the very spelling wins."""
        return User._find(User.email_key, User.email, email)

    @staticmethod
    def _find(key: Any, spelling: Any, text: str) -> User | None:
        if not is_storable(text):
            return None
        found = select(User).where((key == case_key(text)) | (spelling == text))
        return db.session.scalars(found.order_by((spelling == text).desc()).limit(1)).first()

    def set_password(self, password: str) -> None:
        """Store a salted hash of `password` (chapter 5)."""
        self.password_hash = passwords.make_hash(password)

    def check_password(self, password: str) -> bool:
        """Tell whether `password` is the one that was set. An account without one never matches."""
        return passwords.matches(self.password_hash, password)

    def password_mark(self) -> str:
        """Return what sessions, tokens and links know the password by; a renewed hash keeps it."""
        mark, renewal = fingerprint(self.password_hash), self.password_renewal or ''
        return renewal[len(mark) :] if renewal.startswith(mark) else mark

    def renew_hash(self, password: str) -> None:
        """Replace a hash of an old kind by one of today's, when `password` has matched it.

        Sessions and all else that knows the password's mark go on. Of two at once one is kept, and
        one that was set meanwhile is left alone. As with tokens, to commit is left to the caller.
        """
        if not passwords.is_outdated(self.password_hash):
            return
        new = passwords.make_hash(password)
        db.session.execute(
            update(User)
            .where(User.id == self.id, User.password_hash == self.password_hash)
            .values(password_hash=new, password_renewal=fingerprint(new) + self.password_mark())
            .execution_options(synchronize_session=False)
        )

    def lock_unchanged(self) -> bool:
        """Hold the account; return whether its password and address are still as they were read.

        What was proved with them, by a link or a password, was proved for this state alone: of two
        requests at once that show the same proof, the second one finds it used.
        """
        proved = self.password_mark(), self.email
        self.lock()
        present = db.session.get(User, self.id, populate_existing=True)
        return present is not None and (present.password_mark(), present.email) == proved

    @staticmethod
    def find_for_login(username: str) -> User | None:
        """Return the account that somebody means who types `username` to log in."""
        # An account from the tutorial may have a name that nobody could choose today.
        return User.find(username) or User.find(normalize_name(username))

    def get_id(self) -> str:
        """Return what a session remembers of the user: it is worth nothing under a new password."""
        return f'{self.id}-{self.password_mark()}'

    def get_reset_password_token(self, expires_in: float = 600) -> str:
        """Return the token of a link that sets a new password, once (chapter 10)."""
        return make_token('reset_password', self, expires_in)

    @staticmethod
    def verify_reset_password_token(token: str) -> User | None:
        """Return the user whose password may be set with `token`, None for a bad one."""
        found = read_token('reset_password', token)
        return found and found[0]

    def get_change_email_token(self, email: str, expires_in: float = 3600) -> str:
        """Return the token of a link that makes `email` the user's address."""
        return make_token('change_email', self, expires_in, email=email)

    @staticmethod
    def verify_change_email_token(token: str) -> tuple[User, str] | None:
        """Return the user and the address that `token` stands for, None for a bad one."""
        found = read_token('change_email', token)
        return found and (found[0], found[1]['email'])

    def get_token(self, expires_in: float = 3600) -> str:
        """Return a token of the API that is good for `expires_in` seconds (chapter 23).

        As in the tutorial, to commit is left to the caller. Every call gives another token.
        """
        return ApiToken.issue(self, expires_in)

    def revoke_token(self, token: str | None = None) -> None:
        """End a token of the user, or all of them."""
        ApiToken.revoke(self, token)

    @staticmethod
    def check_token(token: str) -> User | None:
        """Return the user whom `token` was given to, None for a bad one."""
        return ApiToken.check(token)

    def follow(self, user: User) -> bool:
        """Follow `user` from now on; return whether that is new (chapter 8)."""
        self._lock_with(user)
        row = {'follower_id': self.id, 'followed_id': user.id}
        backend = db.session.get_bind().dialect.name
        return self._count_followers(user, insert_if_absent(followers, row, backend), +1)

    def unfollow(self, user: User) -> bool:
        """Follow `user` no longer; return whether that is new."""
        self._lock_with(user)
        pair = (followers.c.follower_id == self.id) & (followers.c.followed_id == user.id)
        return self._count_followers(user, delete(followers).where(pair), -1)

    def is_following(self, user: User) -> bool:
        pair = (followers.c.follower_id == self.id) & (followers.c.followed_id == user.id)
        return db.session.scalar(select(followers.c.followed_id).where(pair)) is not None

    def followed_posts(self) -> FollowedPosts:
        """Return the timeline of the user's own posts and those of everybody followed."""
        from app.models.timeline import FollowedPosts

        return FollowedPosts(self)

    def _lock_with(self, user: User) -> None:
        """Let nobody else change the two accounts.

        Raises ObjectDeletedError when one of them is not there any more.
        """
        db.session.flush()
        present = hold(db.session.connection(), {self.id, user.id})
        for person in (self, user):
            if person.id not in present:
                raise ObjectDeletedError(inspect(person))

    def _count_followers(self, user: User, statement: Any, change: int) -> bool:
        result = cast(CursorResult[Any], db.session.execute(statement))
        if result.rowcount == 0:
            return False
        for person, counter in ((self, User.followed_count), (user, User.follower_count)):
            db.session.execute(
                update(User)
                .where(User.id == person.id)
                .values({counter: counter + change})
                .execution_options(synchronize_session=False)
            )
            db.session.expire(person, [counter.key])
        return True


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
    concerned = union(followed, following, recipients_of(user.id))
    # From here on nobody can begin to follow the account, and it cannot write to anybody.
    hold(connection, {user.id, *connection.scalars(concerned)})
    # Those, too, with whom that was about to happen.
    hold(connection, connection.scalars(concerned))
    for people, counter in ((followed, User.follower_count), (following, User.followed_count)):
        connection.execute(update(User).where(User.id.in_(people)).values({counter: counter - 1}))
    discount_messages_of(connection, user.id)


@login.user_loader
def load_user(session_id: str) -> User | None:
    """Return the account that a session belongs to, None when it is not good any more."""
    id_ = session_id.partition('-')[0]
    if not id_.isascii() or not id_.isdigit() or int(id_) > LARGEST_ID:
        return None
    user = db.session.get(User, int(id_))
    return user if user is not None and user.get_id() == session_id else None
