"""The forms of logging in, registering, and changing what one registered with."""

from typing import Any

from flask import request
from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from wtforms import BooleanField, Field, HiddenField, PasswordField, StringField, SubmitField
from wtforms.validators import DataRequired, EqualTo, Optional, StopValidation, ValidationError

from app.auth.registration import is_by_invitation, is_too_quick, time_mark
from app.forms.base import Form
from app.forms.validators import (
    CodePoints,
    EmailAddress,
    FreeEmail,
    FreeUsername,
    NewPassword,
    OwnPassword,
    PlainText,
    Username,
)
from app.models import User
from app.models.tokens import read_token
from app.text import EMAIL_LENGTH, normalize_name
from app.web.guesses import is_right_code

USERNAME_FIELD = {'autocomplete': 'username', 'autocapitalize': 'none', 'spellcheck': 'false'}
EMAIL_FIELD = {'type': 'email', 'autocomplete': 'email'}
WRONG_CODE = _l('This code is not right, or has been used before.')
NO_PASSKEY = _l('This passkey was not accepted. Please try again.')
NEW_PASSWORD_FIELD = {'autocomplete': 'new-password'}


def stripped(text: str | None) -> str:
    return (text or '').strip()


class LoginForm(Form):
    username = StringField(
        _l('Username'),
        validators=[DataRequired()],
        render_kw=USERNAME_FIELD,
    )
    password = PasswordField(
        _l('Password'),
        validators=[DataRequired()],
        render_kw={'autocomplete': 'current-password'},
    )
    remember_me = BooleanField(_l('Remember Me'))
    submit = SubmitField(_l('Sign In'))


def new_email_field() -> StringField:
    """The address of nobody else."""
    return StringField(
        _l('Email'),
        filters=[stripped],
        validators=[
            DataRequired(),
            CodePoints(max=EMAIL_LENGTH),
            PlainText(),
            EmailAddress(),
            FreeEmail(),
        ],
        render_kw=EMAIL_FIELD,
    )


def new_password_field() -> PasswordField:
    return PasswordField(
        _l('Password'),
        validators=[DataRequired(), NewPassword()],
        render_kw=NEW_PASSWORD_FIELD,
    )


def repeated_password_field() -> PasswordField:
    return PasswordField(
        _l('Repeat Password'),
        validators=[
            DataRequired(),
            EqualTo('password', message=_l('Field must be equal to password.')),
        ],
        render_kw=NEW_PASSWORD_FIELD,
    )


def current_password_field() -> PasswordField:
    return PasswordField(
        _l('Current Password'),
        validators=[DataRequired(), OwnPassword()],
        render_kw={'autocomplete': 'current-password'},
    )


class NewPasswordForm(Form):
    """A form that sets a password, of whoever is logged in if nobody else is named."""

    @property
    def known(self) -> list[str]:
        """What others know of the owner, so that it makes no password."""
        return [current_user.username, current_user.own_email]


class RegistrationForm(NewPasswordForm):
    username = StringField(
        _l('Username'),
        filters=[normalize_name],
        validators=[DataRequired(), Username(), FreeUsername()],
        render_kw=USERNAME_FIELD,
    )
    email = new_email_field()
    password = new_password_field()
    password2 = repeated_password_field()
    invitation = StringField(_l('Invitation'), render_kw={'autocomplete': 'off'})
    # No person sees this one, and whoever fills it in is none.
    website = StringField(render_kw={'autocomplete': 'off', 'tabindex': '-1'})
    shown = HiddenField()
    submit = SubmitField(_l('Register'))

    def __init__(self) -> None:
        super().__init__()
        if not is_by_invitation():
            del self.invitation
        elif request.method == 'GET':
            self.invitation.data = request.args.get('invitation', '')
        if not read_token(self.shown.data or ''):
            self.shown.data = time_mark()

    def validate(self, extra_validators: Any = None) -> bool:
        # What was posted without having been shown is too quick.
        is_quick = is_too_quick(self.shown.data)
        is_valid: bool = super().validate(extra_validators)
        if is_valid and (is_quick or self.website.data):
            self.submit.errors = [_('That was very quick. Please send it once more.')]
            self.website.data = ''
            return False
        return is_valid

    @property
    def known(self) -> list[str]:
        return [self.username.data or '', self.email.data or '']


class ResetPasswordRequestForm(Form):
    email = StringField(
        _l('Email'),
        filters=[stripped],
        validators=[DataRequired(), CodePoints(max=EMAIL_LENGTH), PlainText(), EmailAddress()],
        render_kw=EMAIL_FIELD,
    )
    submit = SubmitField(_l('Request Password Reset'))


class ResetPasswordForm(NewPasswordForm):
    password = new_password_field()
    password2 = repeated_password_field()
    submit = SubmitField(_l('Set a new password'))

    def __init__(self, owner: User | None) -> None:
        super().__init__()
        self.owner = owner

    @property
    def known(self) -> list[str]:
        return [self.owner.username, self.owner.own_email] if self.owner is not None else []


class ChangePasswordForm(NewPasswordForm):
    current_password = current_password_field()
    password = new_password_field()
    password2 = repeated_password_field()
    submit = SubmitField(_l('Change Password'))


class ChangeEmailForm(Form):
    email = new_email_field()
    current_password = current_password_field()
    submit = SubmitField(_l('Change Email'))


class ProveForm(Form):
    current_password = current_password_field()
    submit = SubmitField(_l('Continue'))


def code_field(label: LazyString, check: Any) -> StringField:
    return StringField(
        label,
        validators=[check],
        render_kw={
            'autocomplete': 'one-time-code',
            'autocapitalize': 'characters',
            'spellcheck': 'false',
        },
    )


class OwnCode:
    """A code of the second factor of the user who is logged in, in place of their password."""

    def __call__(self, form: Form, field: Field) -> None:
        if form.current_password.data:
            raise StopValidation
        if not field.data:
            raise ValidationError(field.gettext('This field is required.'))
        if not is_right_code(current_user, field.data, is_logged_in=True):
            raise ValidationError(WRONG_CODE)


class ProveByEitherForm(Form):
    current_password = PasswordField(
        _l('Current Password'),
        validators=[Optional(), OwnPassword()],
        render_kw={'autocomplete': 'current-password'},
    )
    code = code_field(_l('Or a code of your second factor'), OwnCode())
    submit = SubmitField(_l('Continue'))


class CodeForm(Form):
    code = code_field(_l('Code'), DataRequired())
    submit = SubmitField(_l('Continue'))


class ConfirmEmailForm(Form):
    submit = SubmitField(_l('Confirm Email'))


class DenyLoginForm(Form):
    submit = SubmitField(_l('Log out everywhere'))
