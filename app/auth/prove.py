"""Asking a person who is logged in once more who they are."""

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user, login_required
from werkzeug.wrappers import Response

from app.auth.blueprint import bp
from app.auth.forms import NO_PASSKEY, ProveByEitherForm, ProveForm
from app.web import passkeys, proof
from app.web.site import local_path


@bp.route('/prove', methods=['GET', 'POST'])
@login_required
def prove() -> str | Response:
    """Ask for the password again, or what is as good, and lead on to the page that wanted it."""
    leads_to = local_path(request.args.get('next'), url_for('settings.overview'))
    if passkeys.is_shown():
        if passkeys.shown(current_user) is not None:
            proof.give()
            return redirect(leads_to)
        flash(NO_PASSKEY)
        return redirect(url_for('auth.prove', next=request.args.get('next')))
    form = ProveForm() if current_user.second_factor() is None else ProveByEitherForm()
    if form.validate_on_submit():
        proof.give()
        return redirect(leads_to)
    return render_template(
        'auth/prove.html',
        title=_('Is it you?'),
        form=form,
        has_passkeys=bool(current_user.passkeys()),
    )
