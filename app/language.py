"""Which language a page speaks (chapter 13)."""

from flask import current_app, has_request_context, request


def select_language() -> str | None:
    """Return the language that the browser prefers among ours, or None for the default."""
    if not has_request_context():
        return None
    return request.accept_languages.best_match(current_app.config['LANGUAGES'])
