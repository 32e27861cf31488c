"""The second step of logging in, for accounts that have one."""

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from app.auth.blueprint import bp
from app.auth.forms import NO_PASSKEY, WRONG_CODE, CodeForm
from app.auth.login import let_in
from app.web import passkeys, second_step
from app.web.guesses import is_right_code


@bp.route('/second_factor', methods=['GET', 'POST'])
def second_factor() -> str | Response:
    """Ask whoever has shown a right password for a code: then only are they logged in."""
    if current_user.is_authenticated:
        return redirect(url_for('main.index'))
    waiting = second_step.waiting()
    if waiting is None:
        second_step.end()
        flash(_('Please log in again: that took too long.'))
        return redirect(url_for('auth.login', next=request.args.get('next')))
    if passkeys.is_shown():
        if passkeys.shown(waiting.user) is not None:
            second_step.end()
            return let_in(waiting.user, waiting.remember)
        flash(NO_PASSKEY)
        return redirect(url_for('auth.second_factor', next=request.args.get('next')))
    form = CodeForm()
    if form.validate_on_submit():
        if is_right_code(waiting.user, form.code.data):
            second_step.end()
            return let_in(waiting.user, waiting.remember)
        form.code.errors = [WRONG_CODE]
    return render_template(
        'auth/second_factor.html',
        title=_('One more step'),
        form=form,
        has_passkeys=bool(waiting.user.passkeys()),
    )
