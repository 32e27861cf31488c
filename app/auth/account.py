"""Changing the password and the e-mail address while logged in."""

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import COOKIE_NAME, current_user, login_required
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Response

from app.auth.blueprint import bp
from app.auth.email import (
    ENOUGH_LINKS,
    NO_LINKS,
    check_mail,
    send_change_email_email,
    send_email_changed_email,
)
from app.auth.forms import ChangeEmailForm, ChangePasswordForm, ConfirmEmailForm
from app.extensions import db
from app.logs import audit
from app.models import User
from app.web import devices
from app.web.known_browsers import remember_browser
from app.web.site import site_url


@bp.route('/change_password', methods=['GET', 'POST'])
@login_required
def change_password() -> str | Response:
    """Set a new password, which ends all sessions of the account but this one."""
    form = ChangePasswordForm()
    # Where the account has changed since the password was checked, it is checked again.
    if form.validate_on_submit() and (current_user.lock_unchanged() or form.validate()):
        current_user.set_password(form.password.data)
        devices.log_in(current_user._get_current_object(), COOKIE_NAME in request.cookies)
        audit.note('password changed', current_user)
        flash(_('Your password has been changed.'))
        return remember_browser(redirect(url_for('main.edit_profile')), current_user)
    return render_template('settings/frame.html', title=_('Change Password'), form=form)


@bp.route('/change_email', methods=['GET', 'POST'])
@login_required
def change_email() -> str | Response:
    """Mail a link to the new address; nothing changes before it is followed."""
    form = ChangeEmailForm()
    if form.validate_on_submit():
        site = site_url()
        if site is None:
            flash(NO_LINKS)
        elif not send_change_email_email(current_user, form.email.data, site):
            flash(ENOUGH_LINKS)
        else:
            audit.note('change of email asked for', current_user)
            flash(check_mail(_('Check your new email address for the instructions to confirm it')))
        return redirect(url_for('main.edit_profile'))
    return render_template('settings/email.html', title=_('Change Email'), form=form)


@bp.route('/confirm_email/<token>', methods=['GET', 'POST'])
def confirm_email(token: str) -> str | Response:
    """Take over the new address. The link itself says whose it is: it needs no login."""
    found = User.verify_change_email_token(token)
    form = ConfirmEmailForm()
    is_wanted = form.validate_on_submit()
    if found is None or (is_wanted and not found[0].lock_unchanged()):
        flash(_('This link is invalid or has expired.'))
        return redirect(url_for('main.index'))
    user, email = found
    if not is_wanted:
        return render_template(
            'auth/confirm_email.html', title=_('Confirm Email'), form=form, email=email
        )
    old_email, is_confirmation = user.email, user.claimed_email == email
    user.email, user.claimed_email = email, None
    try:
        db.session.commit()
    except IntegrityError:
        # Since the mail was sent, somebody else has taken the address.
        db.session.rollback()
        flash(_('Please use a different email address.'))
    else:
        if is_confirmation:
            audit.note('email confirmed', user)
            flash(_('Your email address is confirmed.'))
            return redirect(url_for('main.index'))
        audit.note('email changed', user)
        send_email_changed_email(user, old_email)
        flash(_('Your email address has been changed.'))
    return redirect(url_for('main.index'))
