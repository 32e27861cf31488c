"""One page from which a person governs all of their account, and the list of its parts."""

from typing import NamedTuple

from flask import render_template
from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import login_required

from app.auth.registration import is_by_invitation
from app.settings.blueprint import bp


class Section(NamedTuple):
    """A page of the settings: where it is, and what a person finds there."""

    endpoint: str
    title: LazyString
    about: LazyString


# In the order of the pages. The tutorial's own stand where they always stood.
SECTIONS = [
    Section('main.edit_profile', _l('Profile'), _l('Your name, picture and description')),
    Section(
        'settings.look', _l('Language and look'), _l('In which language and colors pages are shown')
    ),
    Section('auth.change_password', _l('Password'), _l('What you log in with')),
    Section(
        'settings.second_factor',
        _l('Second factor'),
        _l('A code beside your password when you log in'),
    ),
    Section(
        'settings.passkeys',
        _l('Passkeys'),
        _l('Logging in with a phone, a computer or a security key, without a password'),
    ),
    Section('auth.change_email', _l('Email'), _l('The address that mails go to')),
    Section('settings.devices', _l('Devices'), _l('Where you are logged in')),
    Section('settings.tokens', _l('API tokens'), _l('What lets programs act for you')),
    Section('settings.history', _l('History'), _l('What has happened to your account')),
    Section('settings.notices', _l('What I am told'), _l('Which kinds of activity, and mails')),
    Section(
        'settings.messages', _l('Who may write to me'), _l('From whom you take private messages')
    ),
    Section('settings.invitations', _l('Invitations'), _l('For people who want to register')),
    Section('settings.data', _l('My data'), _l('All that is stored of you, as a file')),
    Section('settings.import_follows', _l('Import whom to follow'), _l('Out of a file with names')),
    Section('settings.delete_account', _l('Delete account'), _l('Leave, with all that is yours')),
]


@bp.app_template_global()
def settings_sections() -> list[Section]:
    """Return the parts of the settings, for the list beside each of them."""
    return [
        section
        for section in SECTIONS
        if section.endpoint != 'settings.invitations' or is_by_invitation()
    ]


@bp.route('')
@login_required
def overview() -> str:
    """Show what there is to set."""
    return render_template('settings/overview.html', title=_('Settings'))
