"""What templates can use beside what Flask and its extensions give them."""

import re
from secrets import randbelow, token_urlsafe

from flask import Flask, request
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_login import current_user
from jinja2.ext import Extension

from app import search
from app.languages.locales import catalogue, offered_languages
from app.markup import pieces
from app.names import flaw_of
from app.text import case_key, straight

AVATAR_HUES = 12  # as many as app/static/css/app.css has classes for
# More lines are folded to ten (app.css). Without line breaks, nothing that may be written has more.
LONG_TEXT = 12
PADDING = 100  # bytes at most, as in Django

_INDENTATION = re.compile(r'\s*\n\s*')


class Unindented(Extension):
    """Takes the indentation of templates, which is a tenth of a page, out of the HTML."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        """Return the source of an HTML template without it; a mail's text is left as it is."""
        return source if name and name.endswith('.txt') else _INDENTATION.sub('\n', source)


def is_long_text(text: str) -> bool:
    """Tell whether `text` has so many lines that a page shows only its beginning at first."""
    return len(text.splitlines()) > LONG_TEXT


def hue(name: str) -> int:
    """Return the number of the colour that stands for `name` wherever its avatar is drawn."""
    return sum(map(ord, case_key(name))) % AVATAR_HUES


def letter(name: str) -> str:
    """Return what stands for `name` where its picture would be."""
    return straight(name)[:1].upper()


def greeting(name: str) -> str:
    """Return how a mail begins: without a name that a mail program could make a link of.

    Whoever registers with somebody else's address chooses no more than a word of what they read.
    """
    is_word = flaw_of(name) is None and '.' not in name
    text: str = _('Dear %(username)s,', username=name) if is_word else _('Hello,')
    return text


def text_direction() -> str:
    """Return 'rtl' for a page in a language written from right to left, else 'ltr'."""
    locale = get_locale()
    return locale.text_direction if locale is not None else 'ltr'


def color_scheme() -> str | None:
    """Return the colours that the person has chosen, 'light' or 'dark', None for no choice."""
    return current_user.color_scheme if current_user.is_authenticated else None


def present_address() -> str:
    """Return the path of this page with its query, as far as it can be asked for again."""
    if request.method != 'GET':
        return ''
    path = request.script_root + request.path
    query = request.query_string.decode('ascii', 'replace')
    return f'{path}?{query}' if query else path


def padding() -> str:
    """Return random letters, so many by chance, which no compression makes fewer."""
    return token_urlsafe(randbelow(PADDING + 1))


def init_app(app: Flask) -> None:
    # As Flask-Babel has done, which finds the catalogue anew for each text.
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]  # of an extension
        lambda text: catalogue().ugettext(text),
        lambda one, many, number: catalogue().ungettext(one, many, number),
        newstyle=True,
    )
    app.jinja_env.filters.update(
        pieces=pieces, hue=hue, letter=letter, straight=straight, mark=search.mark
    )
    app.jinja_env.tests['long_text'] = is_long_text
    app.jinja_env.globals['get_locale'] = get_locale
    app.jinja_env.globals['greeting'] = greeting
    app.jinja_env.globals['padding'] = padding
    app.jinja_env.globals['text_direction'] = text_direction
    app.jinja_env.globals['offered_languages'] = offered_languages
    app.jinja_env.globals['color_scheme'] = color_scheme
    app.jinja_env.globals['present_address'] = present_address
    app.jinja_env.add_extension(Unindented)
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
