"""What has happened to the account, for its owner."""

from flask import render_template
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user, login_required

from app.models.account_event import Events
from app.settings.blueprint import bp
from app.web.paging import links_to, requested_page

# What audit.note is told, in words for people.
TEXTS = {
    'login': _l('Logged in'),
    'login failed': _l('Login failed: wrong password'),
    'login limited': _l('Login refused: too many wrong passwords'),
    'code asked for': _l('The password was right, a code was asked for'),
    'wrong code': _l('Login failed: wrong code'),
    'codes limited': _l('Login refused: too many wrong codes'),
    'session ended': _l('A device was logged out'),
    'other sessions ended': _l('All other devices were logged out'),
    'login denied': _l('A login was not yours: everything was logged out'),
    'password changed': _l('Password changed'),
    'password reset': _l('Password set anew by a link from a mail'),
    'change of email asked for': _l('Change of the email address asked for'),
    'email changed': _l('Email address changed'),
    'email confirmed': _l('Email address confirmed'),
    'second factor turned on': _l('Second factor turned on'),
    'second factor turned off': _l('Second factor turned off'),
    'sessions ended': _l('Everything was logged out by the administrators'),
    'second factor reset': _l('Second factor removed by the administrators'),
    'recovery codes made': _l('New recovery codes made'),
    'passkey added': _l('Passkey added'),
    'passkey removed': _l('Passkey removed'),
    'passkey refused': _l('A passkey was refused'),
    'token made': _l('API token made'),
    'token ended': _l('API token ended'),
    'deletion asked for': _l('Deletion of the account asked for'),
    'deletion taken back': _l('Deletion of the account taken back'),
}


@bp.route('/history')
@login_required
def history() -> str:
    """Show what has happened lately, the newest first."""
    page = requested_page(Events(current_user.id))
    return render_template(
        'settings/history.html',
        title=_('History'),
        events=page.items,
        texts=TEXTS,
        **links_to(page, 'settings.history'),
    )
