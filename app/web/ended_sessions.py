"""What a visitor gets whose session has ended, and whose open pages have tokens of no worth."""

from flask import Flask, flash, redirect, request, session
from flask_babel import gettext as _
from flask_login import current_user, login_url
from werkzeug.wrappers import Response

from app.extensions import login
from app.web import drafts
from app.web.sessions import is_from_script
from app.web.site import is_from_this_site, page_of_request

# What is answered with another try. For all other forms there is the page of the error.
BUTTONS = {
    'main.follow',
    'main.unfollow',
    'main.react',
    'main.delete_post',
    'main.delete_message',
    'main.dismiss_task',
}


def lead_to_login() -> Response:
    """Lead to the login page, and from there to the page that the request belongs to.

    What was typed waits. A script is told nothing that the person would read much later.
    """
    if not is_from_script():
        drafts.keep()
        _flash_once(str(login.login_message))
    return redirect(login_url(login.login_view, next_url=page_of_request()))


def _flash_once(message: str) -> None:
    """Flash `message`, unless it waits to be seen already."""
    if all(message != waiting for _category, waiting in session.get('_flashes', [])):
        flash(message)


def may_be_sent_again() -> bool:
    """Tell whether a person sent the form, from a page of ours as the browser vouches."""
    is_known = request.endpoint in drafts.BOXES or request.endpoint in BUTTONS
    return is_known and is_from_this_site() and not is_from_script()


def send_again() -> Response:
    """Lead back to the page with the form, where what was typed is, past the login if need be."""
    if not current_user.is_authenticated:
        return login.unauthorized()  # type: ignore[no-any-return]  # untyped
    if request.endpoint in drafts.BOXES:
        drafts.keep()
    else:
        flash(_('This page was too old, so nothing was done. Please try again.'))
    return redirect(page_of_request())


def init_app(_app: Flask) -> None:
    login.unauthorized_handler(lead_to_login)
