"""People (chapter 23)."""

from typing import Any

from apifairy import arguments, authenticate, response
from flask import abort, url_for
from sqlalchemy.exc import IntegrityError

from app.api import bp
from app.api.auth import own_entry, token_auth
from app.api.body import body
from app.api.caching import conditional
from app.api.entries import entry_or_404
from app.api.errors import bad_request
from app.api.paging import Arguments, PageSchema, collection, collection_of, skipped
from app.api.schemas import (
    LocationSchema,
    ProfileSchema,
    RegistrationSchema,
    UserEntrySchema,
    UserSchema,
)
from app.auth.email import send_email_changed_email
from app.extensions import db
from app.models import User
from app.models.people import everybody, number_of_accounts
from app.text import case_key

UserCollectionSchema = collection_of(UserSchema, 'UserCollection')


@bp.route('/users', methods=['GET'])
@authenticate(token_auth)
@arguments(PageSchema)
@response(UserCollectionSchema)
def get_users(page: Arguments) -> dict[str, Any]:
    """List everybody, the oldest account first."""
    found = everybody(page['per_page'] + 1, skipped(page))
    has_next = len(found) > page['per_page']
    items = found[: page['per_page']]
    return collection(items, has_next, number_of_accounts(), 'api.get_users', page)


@bp.route('/users', methods=['POST'])
@body(RegistrationSchema)
@response(UserEntrySchema, 201, headers=LocationSchema)
def create_user(data: Arguments) -> Any:
    """Open an account. This needs no token."""
    refuse_taken(data)
    user = User()
    user.set_password(data.pop('password'))
    db.session.add(user)
    save(user, data)
    return user, 201, {'Location': url_for('api.get_user', id=user.id)}


@bp.route('/users/<int:id>', methods=['GET'])
@conditional
@authenticate(token_auth)
@response(UserEntrySchema)
def get_user(id: int) -> User:
    """Read about somebody. The own entry has the e-mail address, too."""
    return entry_or_404(User, id)


@bp.route('/users/<int:id>', methods=['PUT'])
@authenticate(token_auth)
@own_entry
@body(ProfileSchema)
@response(UserEntrySchema)
def update_user(data: Arguments, id: int) -> User:
    """Change the own name, e-mail address or description; what is left out stays.

    The old address is told of a new one.
    """
    user = entry_or_404(User, id)
    old_email = user.email
    refuse_taken(data, user)
    save(user, data)
    if user.email != old_email:
        send_email_changed_email(user, old_email)
    return user


def refuse_taken(data: Arguments, user: User | None = None) -> None:
    """Answer with a 400 when a name or address in `data` is that of anybody but `user`."""
    taken = {
        'username': ('please use a different username', User.find),
        'email': ('please use a different email address', User.find_by_email),
    }
    for field, (message, find) in taken.items():
        if field not in data:
            continue
        if user is not None and case_key(data[field]) == case_key(getattr(user, field)):
            continue
        if find(data[field]) is not None:
            abort(bad_request(message, {field: [message]}))


def save(user: User, data: Arguments) -> None:
    """Write `data` to the account. Of two who want one name at the same moment, one gets it."""
    for field, value in data.items():
        setattr(user, field, value)
    try:
        db.session.commit()
    except IntegrityError:
        # Somebody was quicker since it was checked: checking again says with what.
        db.session.rollback()
        refuse_taken(data, user if user in db.session else None)
        raise
