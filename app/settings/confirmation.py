"""The link that confirms one's address, once more."""

from flask import flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_login import current_user, login_required
from werkzeug.wrappers import Response

from app.auth.email import ENOUGH_LINKS, NO_LINKS, check_mail, send_change_email_email
from app.settings.blueprint import bp
from app.web.site import local_path, site_url


@bp.route('/confirm_email', methods=['POST'])
@login_required
def send_confirmation() -> Response:
    """Mail the link to the address that one has not confirmed yet."""
    site = site_url()
    if site is None:
        flash(NO_LINKS)
    elif current_user.claimed_email is not None:
        is_sent = send_change_email_email(current_user, current_user.claimed_email, site)
        promise = _('Check your email for the link that confirms your address.')
        flash(check_mail(promise) if is_sent else ENOUGH_LINKS)
    return redirect(local_path(request.form.get('next'), url_for('auth.change_email')))
