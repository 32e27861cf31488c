"""A second factor: codes that change with the time (RFC 6238), and ten for when they cannot be had.

The key of the codes must be known to check one, so it is stored sealed with SECRET_KEY: who has a
copy of the database alone can make no code. Of the codes for emergencies there are only hashes.
"""

from __future__ import annotations

import hmac
import secrets
import time
from base64 import b32encode, urlsafe_b64encode
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pyotp
from cryptography.fernet import Fernet, InvalidToken
from flask import current_app
from sqlalchemy import Index, String, delete, func, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from app.database import TABLE_OPTIONS, Timestamp, utcnow
from app.extensions import db
from app.models.base import Identifier, Model, UserId, rows_changed
from app.models.locks import Lockable

INTERVAL = 30  # seconds for which a code is shown
DIGITS = 6
TOLERANCE = 1  # steps that a clock may be before or behind ours
RECOVERY_CODES = 10
_GROUPS, _GROUP_LENGTH = 5, 5  # of a recovery code: 125 bits, so that its hash needs no slowness


class SecondFactor(Model):
    """That an account asks for codes, and the sealed key that they are made with."""

    __tablename__ = 'second_factor'

    user_id: Mapped[UserId] = mapped_column(primary_key=True, autoincrement=False)
    sealed_key: Mapped[str] = mapped_column(String(255))
    # The step of the last code that was used: it and all before are good no more.
    last_step: Mapped[int]
    timestamp: Mapped[datetime] = mapped_column(Timestamp, default=utcnow)

    __table_args__ = ({**TABLE_OPTIONS, 'sqlite_autoincrement': False},)


class RecoveryCode(Model):
    """The hash of a code that is good once in place of one that changes."""

    __tablename__ = 'recovery_code'

    id: Mapped[Identifier]
    user_id: Mapped[UserId]
    code_hash: Mapped[str] = mapped_column(String(64))

    __table_args__ = (Index(None, 'user_id', 'code_hash', unique=True), TABLE_OPTIONS)


def make_key() -> str:
    """Return a new key for codes, as programs that show them take it."""
    return pyotp.random_base32()


def seal(key: str) -> str:
    return _box().encrypt(key.encode()).decode()


def unseal(sealed: str) -> str | None:
    """Return the key that was sealed, None for what was not sealed with this SECRET_KEY."""
    try:
        return _box().decrypt(sealed.encode()).decode()
    except InvalidToken:
        return None


def _box() -> Fernet:
    secret = f'second factor\0{current_app.config["SECRET_KEY"]}'
    return Fernet(urlsafe_b64encode(sha256(secret.encode()).digest()))


def matching_step(key: str, code: str) -> int | None:
    """Return the step whose code `code` is, now or a step before or behind, None for no such one.

    It takes one time, whichever digits are right.
    """
    now = int(time.time()) // INTERVAL
    codes = pyotp.TOTP(key, digits=DIGITS, interval=INTERVAL)
    found = None
    for step in range(now - TOLERANCE, now + TOLERANCE + 1):
        if hmac.compare_digest(codes.generate_otp(step), code):
            found = step
    return found


def plain_code(typed: str | None) -> str:
    """Return a code without what people put between its parts, its digits in any script as 0-9."""
    code = ''.join((typed or '')[:100].replace('-', ' ').split()).upper()
    if code.isdecimal() and len(code) == DIGITS:
        return f'{int(code):0{DIGITS}}'
    return code if code.isascii() else ''


def _hash(code: str) -> str:
    return sha256(code.encode()).hexdigest()


def _make_recovery_code() -> str:
    letters = b32encode(secrets.token_bytes(_GROUPS * _GROUP_LENGTH)).decode()
    return '-'.join(
        letters[start : start + _GROUP_LENGTH]
        for start in range(0, _GROUPS * _GROUP_LENGTH, _GROUP_LENGTH)
    )


class CodeOwner(Lockable):
    """What an account can do with a second factor. To commit is left to the caller."""

    if TYPE_CHECKING:
        id: Any
        username: Any

    def second_factor(self) -> SecondFactor | None:
        """Return the second factor of the account as it is now, None where it is off."""
        return db.session.get(SecondFactor, self.id, populate_existing=True)

    def turn_on_second_factor(self, key: str, code: str) -> list[str] | None:
        """Ask for codes of `key` from now on, where `code` is one; return ten recovery codes.

        None where it is none, or where the account asks for codes already.
        """
        self.lock()
        step = matching_step(key, plain_code(code))
        if step is None or self.second_factor() is not None:
            return None
        db.session.add(SecondFactor(user_id=self.id, sealed_key=seal(key), last_step=step))
        return self.make_recovery_codes()

    def turn_off_second_factor(self) -> bool:
        """Ask for no codes any more; return whether it was on."""
        self.lock()
        db.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == self.id))
        return rows_changed(delete(SecondFactor).where(SecondFactor.user_id == self.id)) == 1

    def make_recovery_codes(self) -> list[str]:
        """Return ten new recovery codes, in place of those there were. Nobody sees them again."""
        self.lock()
        db.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == self.id))
        codes = [_make_recovery_code() for _ in range(RECOVERY_CODES)]
        rows = [{'user_id': self.id, 'code_hash': _hash(plain_code(code))} for code in codes]
        db.session.execute(insert(RecoveryCode), rows)
        return codes

    def recovery_code_count(self) -> int:
        """Return how many recovery codes are left."""
        left = select(func.count()).where(RecoveryCode.user_id == self.id)
        return db.session.scalar(left) or 0

    def use_code(self, typed: str | None) -> bool:
        """Tell whether `typed` is a code of the account, of either kind, and use it up.

        Of two who show the same one at once, it is good for one.
        """
        code = plain_code(typed)
        if len(code) != DIGITS:
            mine = RecoveryCode.user_id == self.id
            used = delete(RecoveryCode).where(mine, RecoveryCode.code_hash == _hash(code))
            return rows_changed(used) == 1
        factor = self.second_factor()
        key = unseal(factor.sealed_key) if factor is not None else None
        step = matching_step(key, code) if key is not None else None
        if step is None:
            return False
        used_until = (
            update(SecondFactor)
            .where(SecondFactor.user_id == self.id, SecondFactor.last_step < step)
            .values(last_step=step)
        )
        return rows_changed(used_until) == 1

    def key_address(self, key: str) -> str:
        """Return what a QR code of `key` says to a program that shows codes."""
        return pyotp.TOTP(key, digits=DIGITS, interval=INTERVAL).provisioning_uri(
            name=self.username, issuer_name='Microblog'
        )
