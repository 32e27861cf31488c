"""The mails about accounts (chapter 10)."""

from datetime import datetime

from flask import current_app, render_template
from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from app.email import send_email, to_ascii
from app.extensions import db
from app.languages.locales import present_language, speaking_to
from app.models import User
from app.text import case_key
from app.web import limits
from app.web.site import absolute_url, site_url

# Told to people where the site does not know an address of its own: see app/web/site.py.
NO_LINKS = _l('No link can be mailed right now. Please try again later.')
ENOUGH_LINKS = _l('This address has been sent enough links for now. Please try again later.')
# Told to them in place of the promise of a mail where there is no MAIL_SERVER.
NO_MAIL = _l(
    'This site sends no mails. Please ask its administrators for the link, which is in their log.'
)

# To one address, whoever asks: it may be a stranger's.
MOST_MAILS = '3 per hour'
# Nobody keeps an owner from hearing of it by asking for so many links first.
MOST_NOTICES_BEYOND = '1 per hour'
# About logins, to one account: with the links above they have nothing to do.
MOST_DEVICES = '5 per hour'


# What an owner is told of, by the words that the log has for it.
EVENTS = {
    'second factor turned on': _l('The second factor of your account was turned on.'),
    'second factor turned off': _l('The second factor of your account was turned off.'),
    'recovery codes made': _l('New recovery codes were made for your account.'),
    'passkey added': _l('A passkey was added to your account. It is enough to log in.'),
    'passkey removed': _l('A passkey of your account was removed.'),
    'second factor reset': _l(
        'The administrators of the site have removed the second factor and all passkeys of your '
        'account.'
    ),
}


def _send(
    name: str,
    subject: LazyString,
    recipient: str,
    user: User,
    language: str | None = None,
    **values: object,
) -> None:
    """Send the mail whose two forms are the templates email/<name>.txt and .html, at once.

    It speaks the language that `user` has chosen, else `language`, else that of the page.
    """
    with speaking_to(user, language or present_language()):
        send_email(
            str(subject),
            sender=current_app.config['ADMINS'][0],
            recipients=[recipient],
            text_body=render_template(f'email/{name}.txt', user=user, **values),
            html_body=render_template(f'email/{name}.html', user=user, **values),
        )


def check_mail(promise: str) -> str:
    """Return what people are told after a link was mailed: `promise`, where mails are sent."""
    return promise if current_app.config['MAIL_SERVER'] else str(NO_MAIL)


def _may_be_mailed(address: str, limit: str = MOST_MAILS, what: str = 'mail') -> bool:
    return limits.allows(limit, what, case_key(to_ascii(address)))


def send_password_reset_email(
    user: User, site: str | None = None, language: str | None = None
) -> None:
    """Mail `user` a link that sets a new password, unless the address has had enough mails.

    `site` is the address of the site, without which it is that of the present request. Raises
    LookupError when that is none to put into a mail.
    """
    site = site or site_url()
    if site is None:
        raise LookupError('the site has no address for links: set SITE_URL')
    if not _may_be_mailed(user.email):
        return
    token = user.get_reset_password_token()
    url = absolute_url(site, 'auth.reset_password', token=token)
    subject = _l('[Microblog] Reset Your Password')
    _send('reset_password', subject, user.email, user, language, url=url)


def send_password_reset_email_to(email: str, site: str, language: str) -> None:
    """Mail the account with the address `email` a link, if there is one.

    To be run in the background: the visitor is not to notice whether there is.
    """
    user = User.find_by_email(email)
    if user is not None:
        send_password_reset_email(user, site, language)


def send_change_email_email(user: User, email: str, site: str, language: str | None = None) -> bool:
    """Mail the address `email` a link that makes it that of `user`; return whether it may be yet.

    Its owner, if that is somebody else, is told instead: nobody else learns that there is one.
    """
    owner = User.find_by_email(email)
    is_taken = owner is not None and owner.id != user.id
    # Apart from the owner's links: nobody keeps those from them, nor sees that some were sent.
    if not _may_be_mailed(email, what='claim of a taken address' if is_taken else 'mail'):
        return False
    if owner is not None and is_taken:
        url = absolute_url(site, 'auth.login')
        subject = _l('[Microblog] You Have an Account')
        _send('address_in_use', subject, owner.email, owner, language, url=url)
        return True
    token = user.get_change_email_token(email)
    url = absolute_url(site, 'auth.confirm_email', token=token)
    subject = _l('[Microblog] Confirm Your Email Address')
    _send('change_email', subject, email, user, language, url=url)
    return True


def send_security_email(user_id: int, event: str, language: str) -> None:
    """Tell the owner of an account that one of EVENTS has happened to it, in the background.

    However often: whoever has got into the account cannot use up what its owner may be sent.
    """
    user = db.session.get(User, user_id)
    if user is not None:
        subject = _l('[Microblog] How You Log In Has Changed')
        with speaking_to(user, language):
            what = str(EVENTS[event])
        _send('security', subject, user.email, user, language, what=what)


def send_email_changed_email(user: User, old_email: str) -> None:
    """Tell the old address that it is the account's no longer."""
    if _may_be_mailed(old_email) or _may_be_mailed(old_email, MOST_NOTICES_BEYOND):
        _send('email_changed', _l('[Microblog] Your Email Address Was Changed'), old_email, user)


def send_new_device_email(
    user_id: int, browser: str, address: str, site: str | None, language: str
) -> None:
    """Tell the owner of an account of a login from a device that is new, in the background."""
    user = db.session.get(User, user_id)
    if user is None or not limits.allows(MOST_DEVICES, 'new device', str(user_id)):
        return
    values = {'browser': browser, 'address': address, 'url': ''}
    if site is not None:
        values['url'] = absolute_url(site, 'auth.deny_login', token=user.get_deny_login_token())
    subject = _l('[Microblog] New Login to Your Account')
    _send('new_device', subject, user.email, user, language, **values)


def send_deletion_email(user: User, at: datetime) -> None:
    """Tell an account that it is going to be deleted, when, and what keeps it."""
    if _may_be_mailed(user.email) or _may_be_mailed(user.email, MOST_NOTICES_BEYOND):
        subject = _l('[Microblog] Your Account Will Be Deleted')
        site = site_url()
        url = site and absolute_url(site, 'auth.login')
        _send('deletion', subject, user.email, user, at=at, url=url)
