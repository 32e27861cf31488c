"""Turning the second factor on and off, and making recovery codes."""

from typing import Any

import segno
from flask import flash, redirect, render_template, session, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from werkzeug.wrappers import Response
from wtforms import SubmitField

from app.auth.email import send_security_email
from app.auth.forms import WRONG_CODE, CodeForm
from app.background import in_background
from app.extensions import db
from app.forms.base import Form
from app.languages.locales import present_language
from app.logs import audit
from app.models.second_factor import make_key, seal, unseal
from app.settings.blueprint import bp
from app.web.proof import proof_required

# The one that is shown, sealed, and in which login: whoever was here before has seen another.
_KEY = 'shown_key'


class SecondFactorForm(Form):
    renew = SubmitField(_l('Make new recovery codes'))
    turn_off = SubmitField(_l('Turn off the second factor'))


@bp.route('/second_factor', methods=['GET', 'POST'])
@proof_required
def second_factor() -> str | Response:
    """Show whether codes are asked for, and what there is to do about it."""
    factor = current_user.second_factor()
    if factor is None:
        return _turn_on()
    form = SecondFactorForm()
    if form.validate_on_submit() and form.renew.data:
        codes = current_user.make_recovery_codes()
        db.session.commit()
        tell('recovery codes made')
        return _page('recovery_codes', codes=codes)
    if form.validate_on_submit() and form.turn_off.data:
        is_done = current_user.turn_off_second_factor()
        db.session.commit()
        if is_done:
            tell('second factor turned off')
        flash(_('The second factor is off.'))
        return redirect(url_for('settings.overview'))
    left = current_user.recovery_code_count()
    return _page('second_factor', form=form, factor=factor, left=left)


def _turn_on() -> str | Response:
    present = current_user.present_session.id
    shown_in, sealed = session.get(_KEY, [0, ''])
    key = (unseal(sealed) if shown_in == present else None) or make_key()
    form = CodeForm()
    if form.validate_on_submit():
        codes = current_user.turn_on_second_factor(key, form.code.data)
        db.session.commit()
        if codes is not None:
            session.pop(_KEY, None)
            tell('second factor turned on')
            return _page('recovery_codes', codes=codes)
        form.code.errors = [WRONG_CODE]
    session[_KEY] = [present, seal(key)]
    address = current_user.key_address(key)
    picture = segno.make(address, micro=False).svg_data_uri(scale=4, light='white')
    return _page('turn_on_second_factor', form=form, key=key, address=address, picture=picture)


def _page(name: str, **values: Any) -> str:
    return render_template(f'settings/{name}.html', title=_('Second factor'), **values)


def tell(event: str) -> None:
    """Note in the log, and tell the owner, what the visitor has just changed."""
    audit.note(event, current_user)
    in_background(send_security_email, current_user.id, event, present_language())
