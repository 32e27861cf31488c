"""The forms of the core pages."""

from typing import Any

from flask import request
from flask_babel import lazy_gettext as _l
from wtforms import SearchField, StringField, SubmitField, TextAreaField
from wtforms.validators import DataRequired

from app.forms import Form
from app.search.query import LONGEST_QUERY
from app.text import clean_body, is_storable, normalize_name
from app.validators import CodePoints, FreeUsername, PlainText, Username

BODY_LENGTH = 140  # code points, of posts, messages and what people say about themselves


class EmptyForm(Form):
    """A button with a CSRF token (chapter 8)."""

    submit = SubmitField(_l('Submit'))


class PostForm(Form):
    post = TextAreaField(
        _l('Say something'),
        filters=[clean_body],
        validators=[DataRequired(), CodePoints(min=1, max=BODY_LENGTH), PlainText()],
    )
    submit = SubmitField(_l('Submit'))


class MessageForm(Form):
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
        validators=[DataRequired(), Username(), FreeUsername()],
        render_kw={'autocomplete': 'username', 'autocapitalize': 'none', 'spellcheck': 'false'},
    )
    about_me = TextAreaField(
        _l('About me'),
        filters=[clean_body],
        validators=[CodePoints(min=0, max=BODY_LENGTH), PlainText()],
        render_kw={'rows': 4},
    )
    submit = SubmitField(_l('Submit'))

    def __init__(self, original_username: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.original_username = original_username


def clean_query(text: str | None) -> str:
    """Return what was typed into the search box without what no page can show again."""
    beginning = (text or '').strip()[:LONGEST_QUERY]
    return ''.join(filter(is_storable, beginning)).strip()


class SearchForm(Form):
    """The box in the navigation bar (chapter 16): its address can be shared, so it has no token."""

    q = SearchField(_l('Search'), filters=[clean_query], validators=[DataRequired()])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault('formdata', request.args)
        kwargs.setdefault('meta', {'csrf': False})
        super().__init__(*args, **kwargs)
