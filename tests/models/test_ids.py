"""The id of what was deleted is never given to something else: old links lead to nothing."""

from collections.abc import Callable
from secrets import token_hex
from typing import Any

import pytest

from app import db
from app.database import utcnow
from app.models import (
    AccountEvent,
    Activity,
    ApiToken,
    Invitation,
    LoginSession,
    Media,
    Message,
    Notification,
    Picture,
    Post,
    Tag,
    User,
)
from app.models.passkey import Passkey
from app.models.second_factor import RecoveryCode
from tests.conftest import MakeUser

MAKE: dict[str, Callable[[User, User], Any]] = {
    'user': lambda _susan, _john: User(username='new', email='new@example.com'),
    'post': lambda susan, _john: Post(body='x', author=susan),
    'message': lambda susan, john: Message(body='x', author=susan, recipient=john),
    'tag': lambda _susan, _john: Tag(key='x', name='x'),
    'activity': lambda susan, john: Activity(
        user_id=susan.id, actor_id=john.id, kind='follow', timestamp=utcnow()
    ),
    'invitation': lambda susan, _john: Invitation(
        user_id=susan.id, code_hash='x', most=1, expiration=utcnow()
    ),
    'media': lambda susan, _john: Media(
        user_id=susan.id, picture=Picture(digest=token_hex(16), width=1, height=1, size=1)
    ),
    'notification': lambda susan, _john: Notification(name='x', user=susan, payload_json='1'),
    'api_token': lambda susan, _john: ApiToken(
        user=susan, token_hash='x', password_mark='x', expiration=utcnow()
    ),
    'account_event': lambda susan, _john: AccountEvent(
        user_id=susan.id, what='x', timestamp=utcnow(), address='x', browser='x'
    ),
    'passkey': lambda susan, _john: Passkey(
        user=susan,
        credential_id='x',
        public_key=b'x',
        sign_count=0,
        last_challenge=0,
        name='x',
    ),
    'recovery_code': lambda susan, _john: RecoveryCode(user_id=susan.id, code_hash='x'),
    'login_session': lambda susan, _john: LoginSession(
        user=susan,
        token_hash='x',
        password_mark='x',
        browser='x',
        address='x',
        remembered=False,
        created=utcnow(),
        last_used=utcnow(),
        proved=utcnow(),
    ),
}


NUMBERED = [
    name for name, table in db.metadata.tables.items() if table.autoincrement_column is not None
]


@pytest.mark.parametrize('table', NUMBERED)
def test_ids_are_never_used_twice(make_user: MakeUser, table: str) -> None:
    susan, john = make_user('susan'), make_user('john')
    ids = []
    for _ in range(3):
        row = MAKE[table](susan, john)
        db.session.add(row)
        db.session.commit()
        ids.append(row.id)
        db.session.delete(row)
        db.session.commit()
    assert ids == sorted({*ids})
