"""Forms of pages that were open when their session ended: their tokens are good for nothing."""

from flask import flash, redirect, request
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from app import drafts
from app.extensions import login
from app.sessions import is_from_script
from app.site import is_from_this_site, page_of_request

# What is answered with another try. For all other forms there is the page of the error.
BUTTONS = {'main.follow', 'main.unfollow', 'main.delete_message', 'main.dismiss_task'}


def may_be_sent_again() -> bool:
    """Tell whether a person sent the form, from a page of ours as the browser vouches."""
    is_known = request.endpoint in drafts.BOXES or request.endpoint in BUTTONS
    return is_known and is_from_this_site() and not is_from_script()


def send_again() -> Response:
    """Lead back to the page with the form, where what was typed is, past the login if need be."""
    if not current_user.is_authenticated:
        return login.unauthorized()  # type: ignore[no-any-return]
    if request.endpoint in drafts.BOXES:
        drafts.keep()
    else:
        flash(_('This page was too old, so nothing was done. Please try again.'))
    return redirect(page_of_request())
