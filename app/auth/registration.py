"""Opening accounts, for pages and programs alike: who may, and what is mailed."""

from time import time

from flask import current_app
from flask_babel import lazy_gettext as _l

from app.auth.email import send_change_email_email
from app.background import in_background
from app.extensions import db
from app.languages.locales import present_language
from app.models import Invitation, User
from app.models.tokens import make_token, read_token
from app.web.site import site_url

CLOSED = _l('Nobody can register here at present.')
NOT_INVITED = _l('This invitation is not good, or not any more.')
DAY = 24 * 3600  # seconds
QUICKEST = 2  # seconds that a person takes for the form at least


def is_open() -> bool:
    """Tell whether anybody can register, be it with an invitation."""
    return bool(current_app.config['REGISTRATION'] != 'closed')


def is_by_invitation() -> bool:
    return bool(current_app.config['REGISTRATION'] == 'invite')


def open_account(
    username: str,
    email: str,
    password: str,
    invitation: str | None = None,
    about_me: str | None = None,
) -> User:
    """Open an account, and mail a link to its address where that has to be confirmed.

    The answer to whoever asks, and its time, are the same for the address of somebody else, who is
    mailed instead. Raises IntegrityError for a name or address that somebody was quicker to take,
    InvalidInvitationError for an invitation that is none.
    """
    user = User(username=username, about_me=about_me)
    user.claim(email)
    user.set_password(password)
    db.session.add(user)
    if is_by_invitation():
        Invitation.use(invitation or '')
    db.session.commit()
    site = site_url()
    if user.has_to_confirm() and site is not None:
        in_background(send_confirmation_to, user.id, site, present_language())
    return user


def send_confirmation_to(user_id: int, site: str, language: str) -> None:
    """Mail an account the link that confirms its address. To be run in the background."""
    user = db.session.get(User, user_id)
    if user is not None and user.claimed_email is not None:
        send_change_email_email(user, user.claimed_email, site, language)


def time_mark() -> str:
    """Return what a form shows again, so that it is known since when it has been there."""
    return make_token({'shown': time()}, DAY)


def is_too_quick(mark: str | None) -> bool:
    """Tell whether no person could fill in the form of `mark` so soon.

    Asked of a site that is open to all the world (CONFIRM_EMAIL=1) alone.
    """
    shown = read_token(mark or '').get('shown', time())
    return bool(current_app.config['CONFIRM_EMAIL'] and time() - shown < QUICKEST)
