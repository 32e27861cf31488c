"""Where somebody is logged in, and ending that."""

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user, login_required
from werkzeug.wrappers import Response

from app.database import id_in
from app.extensions import db
from app.logs import audit
from app.settings.blueprint import bp


@bp.route('/devices', methods=['GET', 'POST'])
@login_required
def devices() -> str | Response:
    """Show the account's sessions; end one of them, or all others."""
    present = current_user.present_session.id
    if request.method == 'GET':
        return render_template(
            'settings/devices.html',
            title=_('Devices'),
            sessions=current_user.sessions(),
            present=present,
        )
    if 'others' in request.form:
        current_user.end_sessions(but=present)
        db.session.commit()
        audit.note('other sessions ended', current_user)
        flash(_('All other devices are logged out.'))
    elif (id_ := id_in(request.form.get('end', ''))) is not None:
        current_user.end_session(id_)
        db.session.commit()
        audit.note('session ended', current_user)
        flash(_('The device is logged out.'))
    return redirect(url_for('settings.devices'))
