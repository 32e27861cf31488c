"""The forms of logging in and registering (chapters 3 and 5)."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, PasswordField, StringField, SubmitField
from wtforms.validators import DataRequired, Email, EqualTo

from app.text import normalize_name
from app.validators import (
    EMAIL_LENGTH,
    CodePoints,
    FreeEmail,
    FreeUsername,
    NewPassword,
    PlainText,
    Username,
)

USERNAME_FIELD = {'autocomplete': 'username', 'autocapitalize': 'none', 'spellcheck': 'false'}
NEW_PASSWORD_FIELD = {'autocomplete': 'new-password'}


class LoginForm(FlaskForm):
    username = StringField(
        _l('Username'),
        filters=[normalize_name],
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


class RegistrationForm(FlaskForm):
    username = StringField(
        _l('Username'),
        filters=[normalize_name],
        validators=[DataRequired(), Username(), FreeUsername()],
        render_kw=USERNAME_FIELD,
    )
    email = StringField(
        _l('Email'),
        filters=[lambda text: (text or '').strip()],
        validators=[
            DataRequired(),
            PlainText(),
            CodePoints(max=EMAIL_LENGTH),
            Email(),
            FreeEmail(),
        ],
        render_kw={'type': 'email', 'autocomplete': 'email'},
    )
    password = PasswordField(
        _l('Password'),
        validators=[DataRequired(), NewPassword()],
        render_kw=NEW_PASSWORD_FIELD,
    )
    password2 = PasswordField(
        _l('Repeat Password'),
        validators=[DataRequired(), EqualTo('password')],
        render_kw=NEW_PASSWORD_FIELD,
    )
    submit = SubmitField(_l('Register'))
