"""Checks that forms of several blueprints share."""

from typing import Any

from flask import current_app
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from flask_login import current_user
from wtforms import Field, Form
from wtforms.validators import Email, Length, StopValidation, ValidationError

from app.models import User
from app.names import flaw_of
from app.text import USERNAME_LENGTH, is_plain
from app.weak_passwords import weakness_of
from app.web.guesses import is_own_password

# Told to whoever is to confirm an address before others see what they do.
UNCONFIRMED = _l('Please confirm your email address first: follow the link that was mailed to it.')


class CodePoints(Length):
    """A length in Unicode code points, which the browser's own `maxlength` does not count in."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.field_flags: dict[str, object] = {}

    def __call__(self, form: Form, field: Field) -> None:
        try:
            super().__call__(form, field)
        except ValidationError as error:
            # What is too long is not looked at any further: that could take its time.
            raise StopValidation(str(error)) from None


class PlainText:
    """No control characters other than line breaks and tabs."""

    def __call__(self, _form: Form, field: Field) -> None:
        if not is_plain(field.data or ''):
            raise ValidationError(_('This text contains characters that cannot be stored.'))


class Username:
    """What a username may look like; expects it normalized."""

    def __call__(self, _form: Form, field: Field) -> None:
        if len(field.data) > USERNAME_LENGTH:
            raise StopValidation(
                ngettext(
                    'A username can have at most %(num)d character.',
                    'A username can have at most %(num)d characters.',
                    USERNAME_LENGTH,
                )
            )
        flaw = flaw_of(field.data)
        if flaw is not None:
            raise ValidationError(_(flaw))


class OwnUsername:
    """A form's `original_username`, which is not looked at any further.

    It may be kept, whatever the rules were when it was chosen.
    """

    def __call__(self, form: Form, field: Field) -> None:
        if field.data == getattr(form, 'original_username', None):
            raise StopValidation


class FreeUsername:
    """Nobody else's username, in any case, nor of somebody who has left lately."""

    def __call__(self, form: Form, field: Field) -> None:
        original = getattr(form, 'original_username', None)
        owner = User.find(original) if original else None
        if not User.is_free(field.data, owner):
            raise ValidationError(_('Please use a different username.'))


class EmailAddress(Email):
    """An address that every mail server takes: letters beyond ASCII in its domain alone.

    A domain has a form in ASCII, which mails are sent to; what stands before the @ has none.
    """

    def __init__(self) -> None:
        super().__init__(allow_smtputf8=False)


class FreeEmail:
    """Nobody else's e-mail address, in any case.

    Where addresses have to be confirmed, that is told to nobody but the owner, by mail.
    """

    def __call__(self, _form: Form, field: Field) -> None:
        if current_app.config['CONFIRM_EMAIL']:
            return
        if User.find_by_email(field.data) is not None:
            raise ValidationError(_('Please use a different email address.'))


class NewPassword:
    """A password that is long enough, and that nobody guesses from the form's `known` names."""

    def __call__(self, form: Form, field: Field) -> None:
        least = current_app.config['PASSWORD_MIN_LENGTH']
        if len(field.data) < least:
            raise ValidationError(
                ngettext(
                    'A password must have at least %(num)d character.',
                    'A password must have at least %(num)d characters.',
                    least,
                )
            )
        weakness = weakness_of(field.data, form.known)
        if weakness is not None:
            raise ValidationError(_(weakness))


class OwnPassword:
    """The password of the user who is logged in."""

    def __call__(self, _form: Form, field: Field) -> None:
        if not is_own_password(current_user, field.data):
            raise ValidationError(_('This is not your password.'))
