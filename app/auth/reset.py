"""Setting a new password by mail (chapter 10)."""

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from app.auth.blueprint import bp
from app.auth.email import NO_LINKS, check_mail, send_password_reset_email_to
from app.auth.forms import DenyLoginForm, ResetPasswordForm, ResetPasswordRequestForm
from app.background import in_background
from app.extensions import db
from app.languages.locales import present_language
from app.logs import audit
from app.models import User
from app.web import devices, limits
from app.web.known_browsers import remember_browser
from app.web.site import site_url

# By one visitor to one address. As that one gets three links an hour, one is left for its owner.
MOST_LINKS_FOR_ONE = '2 per hour'


@bp.route('/reset_password_request', methods=['GET', 'POST'])
def reset_password_request() -> str | Response:
    """Mail a link. Neither the answer nor its time tells whether there is such an account."""
    if current_user.is_authenticated:
        return redirect(url_for('main.index'))
    form = ResetPasswordRequestForm()
    if form.validate_on_submit():
        site = site_url()
        if site is None:
            flash(NO_LINKS)
        else:
            if limits.allows(MOST_LINKS_FOR_ONE, 'reset', limits.resetting_one()):
                in_background(
                    send_password_reset_email_to, form.email.data, site, present_language()
                )
            flash(check_mail(_('Check your email for the instructions to reset your password')))
        return redirect(url_for('auth.login'))
    return render_template('auth/reset_password_request.html', title=_('Reset Password'), form=form)


@bp.route('/reset_password/<token>', methods=['GET', 'POST'])
def reset_password(token: str) -> str | Response:
    """Set a new password, once for each link."""
    if current_user.is_authenticated:
        return redirect(url_for('main.index'))
    user = User.verify_reset_password_token(token)
    form = ResetPasswordForm(user)
    is_wanted = form.validate_on_submit()
    if user is None or (is_wanted and not user.lock_unchanged()):
        flash(_('This link is invalid or has expired.'))
        return redirect(url_for('main.index'))
    if is_wanted:
        user.set_password(form.password.data)
        if user.claimed_email == user.email:
            user.claimed_email = None  # whoever follows the link reads its mails
        db.session.commit()
        audit.note('password reset', user)
        flash(_('Your password has been reset.'))
        # Whoever reads the account's mails can log in now, whatever strangers do meanwhile.
        return remember_browser(redirect(url_for('auth.login')), user)
    return render_template('auth/reset_password.html', title=_('Set a new password'), form=form)


@bp.route('/deny_login/<token>', methods=['GET', 'POST'])
def deny_login(token: str) -> str | Response:
    """End all that knows the account's password, and lead to setting a new one; once."""
    found = User.verify_deny_login_token(token)
    form = DenyLoginForm()
    is_wanted = form.validate_on_submit()
    if found is None or (is_wanted and not found[0].lock_unchanged()):
        flash(_('This link is invalid or has expired.'))
        return redirect(url_for('main.index'))
    user, since = found
    if not is_wanted:
        return render_template('auth/deny_login.html', title=_('It was not you?'), form=form)
    user.lock_out(since)
    db.session.commit()
    audit.note('login denied', user)
    token = user.get_reset_password_token()
    devices.log_out()
    flash(_('All devices are logged out, and the old password is worth nothing any more.'))
    return redirect(url_for('auth.reset_password', token=token))
