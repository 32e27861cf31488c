"""The forms of logging in, registering, and changing what one registered with."""

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, PasswordField, StringField, SubmitField
from wtforms.validators import DataRequired, EqualTo

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
from app.text import EMAIL_LENGTH, normalize_name

USERNAME_FIELD = {'autocomplete': 'username', 'autocapitalize': 'none', 'spellcheck': 'false'}
EMAIL_FIELD = {'type': 'email', 'autocomplete': 'email'}
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


class RegistrationForm(Form):
    username = StringField(
        _l('Username'),
        filters=[normalize_name],
        validators=[DataRequired(), Username(), FreeUsername()],
        render_kw=USERNAME_FIELD,
    )
    email = new_email_field()
    password = new_password_field()
    password2 = repeated_password_field()
    submit = SubmitField(_l('Register'))


class ResetPasswordRequestForm(Form):
    email = StringField(
        _l('Email'),
        filters=[stripped],
        validators=[DataRequired(), CodePoints(max=EMAIL_LENGTH), PlainText(), EmailAddress()],
        render_kw=EMAIL_FIELD,
    )
    submit = SubmitField(_l('Request Password Reset'))


class ResetPasswordForm(Form):
    password = new_password_field()
    password2 = repeated_password_field()
    submit = SubmitField(_l('Set a new password'))


class ChangePasswordForm(Form):
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


class ConfirmEmailForm(Form):
    submit = SubmitField(_l('Confirm Email'))
