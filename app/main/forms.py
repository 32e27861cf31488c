"""The forms of the core pages."""

from typing import Any

from flask import flash, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_ngettext
from flask_login import current_user
from flask_wtf.file import FileField
from wtforms import BooleanField, Field, HiddenField, StringField, SubmitField, TextAreaField
from wtforms.validators import DataRequired

from app.forms.base import Form
from app.forms.validators import (
    UNCONFIRMED,
    CodePoints,
    FreeUsername,
    OwnUsername,
    PlainText,
    Username,
)
from app.text import BODY_LENGTH, clean_body, normalize_name, straight
from app.web import drafts
from app.web.public import is_public
from app.web.uploads import KINDS

AT_MOST = lazy_ngettext('At most %(num)d character', 'At most %(num)d characters', BODY_LENGTH)


class EmptyForm(Form):
    """A button with a CSRF token (chapter 8)."""

    submit = SubmitField(_l('Submit'))


class BoxForm(Form):
    """A box to write in, and whose it is.

    What was typed while nobody was logged in any more is in it again, and what was typed in a tab
    of another account is not sent without a word.
    """

    author = HiddenField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if request.method != 'GET':
            return
        self.author.data = str(current_user.id)
        text = drafts.take()
        if text is not None:
            self.box.data = text
            flash(_('You were not logged in any more, so this was not sent. Please send it again.'))

    @property
    def box(self) -> Field:
        return self[drafts.BOXES[request.endpoint or '']]

    def validate(self, extra_validators: Any = None) -> bool:
        is_valid: bool = super().validate(extra_validators)
        own = str(current_user.id)
        if self.author.data and self.author.data != own:
            name = straight(current_user.username)
            self.box.errors = [_('You are logged in as %(username)s by now.', username=name)]
            is_valid = False
        elif current_user.has_to_confirm():
            self.box.errors = [UNCONFIRMED]
            is_valid = False
        self.author.data = own
        return is_valid


class MessageForm(BoxForm):
    """A private message (chapter 21)."""

    message = TextAreaField(
        _l('Message'),
        filters=[clean_body],
        validators=[DataRequired(), CodePoints(min=0, max=BODY_LENGTH), PlainText()],
    )
    submit = SubmitField(_l('Submit'))


class EditProfileForm(Form):
    username = StringField(
        _l('Username'),
        filters=[normalize_name],
        validators=[OwnUsername(), DataRequired(), Username(), FreeUsername()],
        render_kw={'autocomplete': 'username', 'autocapitalize': 'none', 'spellcheck': 'false'},
    )
    about_me = TextAreaField(
        _l('About me'),
        filters=[clean_body],
        validators=[CodePoints(max=BODY_LENGTH, message=AT_MOST), PlainText()],
    )
    picture = FileField(
        _l('Picture'),
        render_kw={'accept': KINDS},
    )
    remove_picture = BooleanField(_l('Remove the picture'))
    noindex = BooleanField(_l('Ask search engines not to show my profile and my posts'))
    submit = SubmitField(_l('Submit'))

    def __init__(self, original_username: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.original_username = original_username
        if not is_public():
            # No search engine gets there anyway.
            del self.noindex
        if self.username.raw_data == [original_username]:
            # It stays as it is, also where its one spelling is another today.
            self.username.data = original_username
