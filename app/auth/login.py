"""Logging in and out, and registering (chapter 5)."""

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Response

from app.auth.blueprint import bp
from app.auth.email import check_mail, send_new_device_email
from app.auth.forms import NO_PASSKEY, LoginForm, RegistrationForm
from app.auth.registration import CLOSED, NOT_INVITED, is_open, open_account
from app.background import in_background
from app.extensions import db
from app.languages.locales import present_language
from app.logs import audit
from app.models import User
from app.models.invitation import InvalidInvitationError
from app.tasks.purge import purge_due_in_background
from app.web import devices, passkeys, second_step
from app.web.guesses import authenticate
from app.web.known_browsers import browser_known_to, remember_browser
from app.web.site import local_path, site_url


@bp.route('/login', methods=['GET', 'POST'])
def login() -> str | Response:
    """Start a session. The answer does not tell a wrong name from a wrong password."""
    if current_user.is_authenticated:
        return redirect(url_for('main.index'))
    if passkeys.is_shown():
        user = passkeys.shown()
        if user is not None:
            return let_in(user, remember='remember_me' in request.form)
        flash(NO_PASSKEY)
        return redirect(url_for('auth.login', next=request.args.get('next')))
    form = LoginForm()
    if form.validate_on_submit():
        user = authenticate(form.username.data, form.password.data)
        if user is None:
            audit.note('login failed', form.username.data)
            flash(_('Invalid username or password'))
            return redirect(url_for('auth.login', next=request.args.get('next')))
        if user.second_factor() is not None:
            second_step.wait_for(user, remember=form.remember_me.data)
            audit.note('code asked for', user)
            return redirect(url_for('auth.second_factor', next=request.args.get('next')))
        return let_in(user, remember=form.remember_me.data)
    return render_template('auth/login.html', title=_('Sign In'), form=form)


def let_in(user: User, remember: bool) -> Response:
    """Start a session of `user`, who has proved to be that, and lead to the page that is wanted.

    Whoever was about to leave stays. The owner is told by mail where neither this browser nor one
    like it has logged in before.
    """
    was_leaving = user.deletion_at is not None
    if was_leaving and not user.stay():
        flash(_('Invalid username or password'))
        return redirect(url_for('auth.login'))
    browser, address = devices.browser(), devices.network_address()
    is_new = browser_known_to(user) is None and user.is_new_device(browser, address)
    devices.log_in(user, remember)
    audit.note('login', user)
    if was_leaving:
        audit.note('deletion taken back', user)
        flash(_('Welcome back. Your account will not be deleted.'))
    if is_new:
        language = present_language()
        in_background(send_new_device_email, user.id, browser, address, site_url(), language)
    purge_due_in_background()
    next_page = local_path(request.args.get('next'), url_for('main.index'))
    return remember_browser(redirect(next_page), user)


@bp.route('/logout')
def logout() -> Response:
    """End the session."""
    devices.log_out()
    return redirect(url_for('main.index'))


@bp.route('/register', methods=['GET', 'POST'])
def register() -> str | Response | tuple[str, int]:
    """Open an account. Of two people who want one name at the same moment, one gets it."""
    if current_user.is_authenticated:
        return redirect(url_for('main.index'))
    if not is_open():
        return render_template('auth/register.html', title=_('Register'), closed=CLOSED), 403
    form = RegistrationForm()
    if form.validate_on_submit():
        invitation = form.invitation.data if form.invitation is not None else None
        try:
            user = open_account(form.username.data, form.email.data, form.password.data, invitation)
        except IntegrityError:
            # Somebody was quicker since the form was checked: checking again says with what.
            db.session.rollback()
            if form.validate():
                raise
        except InvalidInvitationError:
            db.session.rollback()
            form.invitation.errors = [NOT_INVITED]
        else:
            flash(_('Congratulations, you are now a registered user!'))
            if user.has_to_confirm():
                flash(check_mail(_('Check your email for the link that confirms your address.')))
            return redirect(url_for('auth.login'))
    return render_template('auth/register.html', title=_('Register'), form=form)
