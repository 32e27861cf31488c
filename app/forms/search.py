"""The search box, which is on every page."""

from typing import Any

from flask import request
from flask_babel import lazy_gettext as _l
from wtforms import SearchField
from wtforms.validators import DataRequired

from app.forms.base import Form
from app.search.query import LONGEST_QUERY
from app.text import is_storable


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
