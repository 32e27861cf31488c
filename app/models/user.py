"""Accounts (chapters 4, 5 and 6). What an account can do is in the files of its other bases."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from time import time
from typing import Any

from flask_login import UserMixin
from sqlalchemy import String, delete, select, update
from sqlalchemy.orm import Mapped, WriteOnlyMapped, mapped_column, relationship, validates

from app.database import LARGEST_ID, TABLE_OPTIONS, Timestamp, utcnow
from app.extensions import db, login
from app.media.images import DIGEST_LENGTH
from app.models import passwords
from app.models.account_event import Watched
from app.models.activity import Concerned
from app.models.api_token import ApiToken, TokenOwner
from app.models.avatar import Pictured
from app.models.base import Identifier, Model
from app.models.confirmation import Claimant
from app.models.followers import Follower, followers
from app.models.leaving import Leaver, is_retired
from app.models.login_session import LoginSession, SessionOwner
from app.models.media import Uploader
from app.models.message import EVERYBODY, Correspondent, Message
from app.models.notification import Notification
from app.models.passkey import Passkey, PasskeyOwner
from app.models.post import Post
from app.models.reaction import Reacting
from app.models.searchable import SearchableMixin
from app.models.second_factor import CodeOwner
from app.models.task import Task, TaskOwner
from app.models.timeline import Reader
from app.models.tokens import FINGERPRINT_LENGTH, fingerprint, make_token, read_token
from app.text import (
    BODY_LENGTH,
    EMAIL_LENGTH,
    USERNAME_LENGTH,
    case_key,
    is_storable,
    normalize_name,
)

JUST_NOW = 5 * 60  # seconds


class User(
    UserMixin,
    SearchableMixin,
    Reader,
    Follower,
    Reacting,
    Concerned,
    Correspondent,
    TaskOwner,
    TokenOwner,
    SessionOwner,
    CodeOwner,
    PasskeyOwner,
    Watched,
    Uploader,
    Leaver,
    Pictured,
    Claimant,
    Model,
):
    __tablename__ = 'user'
    __searchable__ = ['username']

    id: Mapped[Identifier]
    username: Mapped[str] = mapped_column(String(USERNAME_LENGTH), index=True, unique=True)
    email: Mapped[str] = mapped_column(String(EMAIL_LENGTH), index=True, unique=True)
    # The same without regard to case, so that the database itself refuses a double.
    # A folded character can be three: these are wider than what they stand for.
    username_key: Mapped[str] = mapped_column(String(3 * USERNAME_LENGTH), index=True, unique=True)
    email_key: Mapped[str] = mapped_column(String(3 * EMAIL_LENGTH), index=True, unique=True)
    # The address as it was typed, until a link that was mailed there has been followed.
    claimed_email: Mapped[str | None] = mapped_column(String(EMAIL_LENGTH))
    password_hash: Mapped[str | None] = mapped_column(String(256))
    # Of a hash that was made anew for the same password: its mark, and the one that goes on.
    password_renewal: Mapped[str | None] = mapped_column(String(2 * FINGERPRINT_LENGTH))
    about_me: Mapped[str | None] = mapped_column(String(BODY_LENGTH))
    last_seen: Mapped[datetime | None] = mapped_column(Timestamp, default=utcnow)
    last_message_read_time: Mapped[datetime | None] = mapped_column(Timestamp)
    last_activity_read_time: Mapped[datetime | None] = mapped_column(Timestamp)
    # Of the site, chosen by the person; None leaves it to their browser.
    language: Mapped[str | None] = mapped_column(String(16))
    # 'light' or 'dark'; None leaves it to their system.
    color_scheme: Mapped[str | None] = mapped_column(String(8))
    # Who may write messages to the person, and of what they are not told: see message.py
    # and activity.py.
    messages_from: Mapped[str] = mapped_column(
        String(16), default=EVERYBODY, server_default=EVERYBODY
    )
    unwanted_activity: Mapped[str | None] = mapped_column(String(64))
    # Whether search engines are asked to leave the person's pages alone, on a public site.
    noindex: Mapped[bool] = mapped_column(default=False, server_default='0')
    # Of the picture that the person has uploaded: pages need no other row to show it.
    avatar_digest: Mapped[str | None] = mapped_column(String(DIGEST_LENGTH))
    # The tutorial's, and empty: tokens of the API have a table of their own.
    token: Mapped[str | None] = mapped_column(String(32), index=True, unique=True)
    token_expiration: Mapped[datetime | None] = mapped_column(Timestamp)
    # When the account goes: models/leaving.py.
    deletion_at: Mapped[datetime | None] = mapped_column(Timestamp, index=True)
    # Kept in the transaction that changes what they count: no page counts a growing table.
    post_count: Mapped[int] = mapped_column(default=0, server_default='0')
    follower_count: Mapped[int] = mapped_column(default=0, server_default='0')
    followed_count: Mapped[int] = mapped_column(default=0, server_default='0')
    unread_message_count: Mapped[int] = mapped_column(default=0, server_default='0')
    unread_activity_count: Mapped[int] = mapped_column(default=0, server_default='0')

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
    login_sessions: WriteOnlyMapped[LoginSession] = relationship(
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

    @staticmethod
    def is_free(username: str, owner: User | None = None) -> bool:
        """Tell whether that name can be chosen: nobody but `owner` has it, or had it lately."""
        found = User.find(username)
        # In this order: an account gives its name away at the moment when that is retired.
        return found == owner if found is not None else not is_retired(username)

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

    def end_access(self) -> None:
        """End all sessions, tokens and links, though the password stays; the caller commits."""
        mark = secrets.token_hex(FINGERPRINT_LENGTH // 2)
        self.password_renewal = fingerprint(self.password_hash) + mark
        self.revoke_token()
        self.end_sessions()

    def lock_unchanged(self) -> bool:
        """Hold the account; return whether its password and address are still as they were read.

        What was proved with them, by a link or a password, was proved for this state alone: of two
        requests at once that show the same proof, the second one finds it used.
        """
        proved = self._state()
        self.lock()
        present = db.session.get(User, self.id, populate_existing=True)
        return present is not None and present._state() == proved

    @staticmethod
    def find_for_login(username: str) -> User | None:
        """Return the account that somebody means who types `username` to log in."""
        # An account from the tutorial may have a name that nobody could choose today.
        return User.find(username) or User.find(normalize_name(username))

    def get_reset_password_token(self, expires_in: float = 600) -> str:
        """Return the token of a link that sets a new password, once (chapter 10)."""
        return self._link_token('reset_password', expires_in)

    @staticmethod
    def verify_reset_password_token(token: str) -> User | None:
        """Return the user whose password may be set with `token`, None for a bad one."""
        return User._of_link('reset_password', read_token(token))

    def get_change_email_token(self, email: str, expires_in: float = 3600) -> str:
        """Return the token of a link that makes `email` the user's address."""
        return self._link_token('change_email', expires_in, email=email)

    @staticmethod
    def verify_change_email_token(token: str) -> tuple[User, str] | None:
        """Return the user and the address that `token` stands for, None for a bad one."""
        claims = read_token(token)
        user = User._of_link('change_email', claims)
        return None if user is None else (user, claims['email'])

    def get_deny_login_token(self, expires_in: float = 7 * 24 * 3600) -> str:
        """Return the token of a link that undoes a login of just now, once."""
        since = int(time()) - JUST_NOW
        return self._link_token('deny_login', expires_in, since=since)

    @staticmethod
    def verify_deny_login_token(token: str) -> tuple[User, datetime] | None:
        """Return the user whom a link was mailed to, and when the login was; None for a bad one."""
        claims = read_token(token)
        user = User._of_link('deny_login', claims)
        if user is None:
            return None
        return user, datetime.fromtimestamp(claims['since'], UTC).replace(tzinfo=None)

    def lock_out(self, since: datetime) -> None:
        """End all sessions and tokens, and the password, which a stranger knows; not committed.

        What was added for logging in `since` then goes as well. A link to set a new password is
        the way back in.
        """
        self.password_hash = self.password_renewal = None
        self.end_sessions()
        self.revoke_token()
        is_late = (Passkey.user_id == self.id) & (Passkey.timestamp >= since)
        db.session.execute(delete(Passkey).where(is_late))
        factor = self.second_factor()
        if factor is not None and factor.timestamp >= since:
            self.turn_off_second_factor()

    def _link_token(self, purpose: str, expires_in: float, **claims: Any) -> str:
        return make_token({**claims, purpose: self.id, 'state': self._state()}, expires_in)

    def _state(self) -> str:
        """Return what a link dies with: it is another after a change of password or address."""
        return fingerprint(self.password_mark(), self.email, self.claimed_email)

    @staticmethod
    def _of_link(purpose: str, claims: dict[str, Any]) -> User | None:
        id_ = claims.get(purpose)
        if not isinstance(id_, int) or not 0 < id_ <= LARGEST_ID:
            return None
        user = db.session.get(User, id_)
        return user if user is not None and claims.get('state') == user._state() else None


login.user_loader(User.of_session)
login.id_attribute = User.get_session_id.__name__
