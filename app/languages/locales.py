"""Which language a page or a mail speaks (chapter 13)."""

from contextlib import AbstractContextManager
from functools import cache
from typing import Any, Protocol

from babel import Locale, negotiate_locale
from flask import current_app, g, has_request_context, request
from flask_babel import force_locale, get_locale, get_translations, refresh
from flask_login import current_user
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response

COOKIE = 'language'
COOKIE_MAX_AGE = 365 * 24 * 60 * 60  # seconds


def select_language() -> str | None:
    """Return the language of the page, None for the default.

    The first of these that is one of ours: what the person has chosen, what this browser was told
    to remember, what the browser prefers.
    """
    if not has_request_context():
        return None
    for choice in (_own_choice(), request.cookies.get(COOKIE)):
        if is_offered(choice):
            return choice
    return _best_of_browser()


def _best_of_browser() -> str | None:
    offered = current_app.config['LANGUAGES']
    wanted = [tag.replace('-', '_') for tag, quality in request.accept_languages if quality > 0]
    # German for an Austrian who reads English as well, though only English matches exactly.
    best: str | None = negotiate_locale(wanted, offered)
    return best or request.accept_languages.best_match(offered)


def is_offered(language: str | None) -> bool:
    return language in current_app.config['LANGUAGES']


def _own_choice() -> str | None:
    # A file needs no language, so nobody is looked up for one (unless its absence is a page).
    if (request.endpoint or 'static').endswith('static') and '_login_user' not in g:
        return None
    try:
        return current_user.language if current_user.is_authenticated else None
    except SQLAlchemyError:
        # The page that says so can be read in the browser's language.
        return None


def remember_language(response: Response, language: str) -> Response:
    """Have the browser that gets `response` remember a language, or none any more."""
    response.set_cookie(
        COOKIE,
        language,
        max_age=COOKIE_MAX_AGE if language else 0,
        path=current_app.session_interface.get_cookie_path(current_app),
        secure=current_app.config['SESSION_COOKIE_SECURE'] or request.is_secure,
        httponly=True,
        samesite='Lax',
    )
    return response


def choose_language() -> None:
    """Find out, also anew, which language the page of this request speaks."""
    refresh()
    g.locale = present_language()


def present_language() -> str:
    """Return the language of what is going on now."""
    return str(get_locale() or current_app.config['BABEL_DEFAULT_LOCALE'])


def catalogue() -> Any:
    """Return the translations into the present language, which a page looks for only once."""
    locale = get_locale()
    if locale is None:
        return get_translations()
    known = g.get('catalogue')
    if known is None or known[0] is not locale:
        known = g.catalogue = locale, get_translations()
    return known[1]


class Speaker(Protocol):
    """An account, as far as it matters here: below its table, for every post has a language."""

    @property
    def language(self) -> str | None:
        """What the person has chosen, None for nothing."""


def speaking_to(user: Speaker, otherwise: str | None = None) -> AbstractContextManager[None]:
    """Make texts speak the language of `user`, for a mail to them.

    Without a choice of theirs it is `otherwise`: the language of the page, where they are the one
    who asked for the mail; without that, the site's default.
    """
    default: str = otherwise or current_app.config['BABEL_DEFAULT_LOCALE']
    chosen = user.language
    language = chosen if chosen is not None and is_offered(chosen) else default
    context: AbstractContextManager[None] = force_locale(language)
    return context


def offered_languages() -> tuple[tuple[str, str], ...]:
    """Return the code (BCP 47) of every language of the site and its name in itself."""
    return tuple((code, _own_name(code)) for code in current_app.config['LANGUAGES'])


@cache
def _own_name(code: str) -> str:
    name = Locale.parse(code).display_name or code
    return name[:1].upper() + name[1:]


def primary(language: str) -> str:
    """Return a language without its country or script: `pt` of `pt-BR` and `pt_PT`."""
    return language.replace('_', '-').partition('-')[0].lower()
