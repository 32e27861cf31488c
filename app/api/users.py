"""People (chapter 23)."""

from collections.abc import Callable
from functools import partial
from typing import Any

from apifairy import arguments, other_responses, response
from flask import abort, current_app, url_for
from sqlalchemy.exc import IntegrityError

from app.api.account import check_password
from app.api.auth import needs, own_entry
from app.api.blueprint import bp
from app.api.body import body
from app.api.caching import conditional
from app.api.errors import bad_request, try_later
from app.api.paging import (
    UNAVAILABLE,
    Arguments,
    PageSchema,
    PeoplePageSchema,
    collection,
    collection_of,
    people_page,
    search_page,
    skipped,
)
from app.api.schemas import (
    LocationSchema,
    ProfileSchema,
    RegistrationSchema,
    UserEntrySchema,
    UserSchema,
)
from app.api.views import entry_or_404, lists
from app.auth import registration
from app.auth.email import send_change_email_email
from app.errors.handlers import RETRY_AFTER, json_error
from app.extensions import db
from app.logs import audit
from app.models import User
from app.models.api_token import ACCOUNT, READ
from app.models.invitation import InvalidInvitationError
from app.models.people import everybody, number_of_accounts
from app.web import limits
from app.web.site import site_url

UserCollectionSchema = collection_of(UserSchema, 'UserCollection')
lists_people = partial(lists, schema=PageSchema, of=UserCollectionSchema, page_of=people_page)

# A token alone is not to be worth the account: who has the address gets a new password for it.
PROOF_WANTED = 'a new e-mail address needs your current_password; a link is then mailed to it'
ATTEMPTS = '10 per hour'
HOUR = 3600  # seconds


@bp.route('/users', methods=['GET'])
@needs(READ)
@other_responses(UNAVAILABLE)
@arguments(PeoplePageSchema)
@response(UserCollectionSchema)
def get_users(page: Arguments) -> dict[str, Any]:
    """List everybody, the oldest account first; with `q` those whom a search finds."""
    if 'q' in page:
        return search_page(User, page)
    found = everybody(page['per_page'] + 1, skipped(page))
    has_next = len(found) > page['per_page']
    return collection(found[: page['per_page']], has_next, number_of_accounts(), page)


@bp.route('/users', methods=['POST'])
@body(RegistrationSchema)
@response(UserEntrySchema, 201, headers=LocationSchema)
@other_responses({403: 'Nobody can register here'})
def create_user(data: Arguments) -> Any:
    """Open an account. This needs no token; on some sites an invitation, or it is not possible."""
    if not registration.is_open():
        abort(json_error(403, 'nobody can register here at present'))
    refuse_taken(data)
    try:
        user = registration.open_account(**data)
    except IntegrityError:
        db.session.rollback()
        refuse_taken(data)
        raise
    except InvalidInvitationError:
        db.session.rollback()
        message = 'this invitation is not good, or not any more'
        abort(bad_request(message, {'invitation': [message]}))
    return user, 201, {'Location': url_for('api.get_user', id=user.id)}


@bp.route('/users/<int:id>', methods=['GET'])
@conditional
@needs(READ)
@response(UserEntrySchema)
def get_user(id: int) -> User:
    """Read about somebody. The own entry has the e-mail address, too."""
    return entry_or_404(User, id)


@bp.route('/users/<int:id>', methods=['PUT'])
@needs(ACCOUNT)
@own_entry
@body(ProfileSchema)
@response(UserEntrySchema)
def update_user(data: Arguments, id: int) -> User:
    """Change the own name, e-mail address or description; what is left out stays.

    A new address needs `current_password` beside it. It is mailed a link, and takes the place of
    the present one, which the answer still has, when that is followed within an hour.
    """
    user = entry_or_404(User, id)
    refuse_taken(data, user)
    email, password = data.pop('email', user.own_email), data.pop('current_password', None)
    if email != user.own_email:
        mail_link(user, email, password)
    save(user, data)
    return user


def mail_link(user: User, email: str, password: str | None) -> None:
    """Mail the new address `email` a link that confirms it, as the page does; else say why not."""
    if password is None:
        abort(bad_request(PROOF_WANTED, {'current_password': [PROOF_WANTED]}))
    if not limits.allows(ATTEMPTS, 'new address', str(user.id)):
        abort(try_later(429, 'you have asked for this too often', HOUR))
    check_password(user, password, 'current_password')
    site = site_url()
    if site is None:
        abort(try_later(503, 'no link can be mailed right now', RETRY_AFTER))
    if not send_change_email_email(user, email, site):
        abort(try_later(429, 'this address has been sent enough links for now', HOUR))
    audit.note('change of email asked for', user)


def _is_free_email(email: str, owner: User | None) -> bool:
    return User.find_by_email(email) in (None, owner)


def refuse_taken(data: Arguments, user: User | None = None) -> None:
    """Answer with a 400 when a name or address in `data` is that of anybody but `user`.

    Where addresses have to be confirmed, that is told to nobody but the owner, by mail.
    """
    free: dict[str, tuple[str, Callable[[str, User | None], bool]]] = {}
    free['username'] = ('please use a different username', User.is_free)
    if not current_app.config['CONFIRM_EMAIL']:
        free['email'] = ('please use a different email address', _is_free_email)
    for field, (message, is_free) in free.items():
        if field in data and not is_free(data[field], user):
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
