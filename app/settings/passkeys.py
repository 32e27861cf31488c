"""Making, naming and removing passkeys."""

from flask import Response, abort, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from werkzeug.wrappers import Response as BaseResponse
from wtforms import StringField, SubmitField
from wtforms.validators import DataRequired

from app.auth.forms import NO_PASSKEY, stripped
from app.database import LARGEST_ID
from app.extensions import db
from app.forms.base import Form
from app.forms.validators import CodePoints, PlainText
from app.models.passkey import NAME_LENGTH
from app.settings.blueprint import bp
from app.settings.second_factor import tell
from app.web import devices
from app.web import passkeys as web_passkeys
from app.web.proof import proof_required


class PasskeyForm(Form):
    name = StringField(
        _l('Name'),
        filters=[stripped],
        validators=[DataRequired(), CodePoints(max=NAME_LENGTH), PlainText()],
        render_kw={'autocomplete': 'off'},
    )
    submit = SubmitField(_l('Save'))
    remove = SubmitField(_l('Remove this passkey'))


@bp.route('/passkeys', methods=['GET', 'POST'])
@proof_required
def passkeys() -> str | BaseResponse:
    """Show the passkeys that there are, and take a new one."""
    if request.method == 'POST':
        name = devices.browser()[:NAME_LENGTH] or 'Passkey'
        if web_passkeys.make(current_user, name):
            tell('passkey added')
            flash(_('The passkey was added.'))
        else:
            flash(NO_PASSKEY)
        return redirect(url_for('settings.passkeys'))
    return render_template(
        'settings/passkeys.html', title=_('Passkeys'), passkeys=current_user.passkeys()
    )


@bp.route('/passkeys/options', methods=['POST'])
@proof_required
def passkey_options() -> Response:
    """Return what a browser is to be asked for, as it takes it."""
    site = web_passkeys.site()
    if site is None:
        abort(404)
    options = web_passkeys.make_options(current_user, site)
    return current_app.response_class(options, mimetype='application/json')


@bp.route('/passkeys/<int:id>', methods=['GET', 'POST'])
@proof_required
def passkey(id: int) -> str | BaseResponse:
    """Give a passkey another name, or remove it."""
    found = current_user.passkey(id) if id <= LARGEST_ID else None
    if found is None:
        abort(404)
    form = PasskeyForm(name=found.name)
    if form.remove.data and request.method == 'POST':
        is_done = current_user.remove_passkeys(id)
        db.session.commit()
        if is_done:
            tell('passkey removed')
        flash(_('The passkey was removed.'))
        return redirect(url_for('settings.passkeys'))
    if form.validate_on_submit():
        found.name = form.name.data
        db.session.commit()
        return redirect(url_for('settings.passkeys'))
    return render_template('settings/passkey.html', title=found.name, form=form)
