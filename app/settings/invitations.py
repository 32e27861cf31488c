"""Invitations that a person makes, where nobody registers without one."""

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from flask_login import current_user, login_required
from werkzeug.wrappers import Response
from wtforms import IntegerField, SubmitField
from wtforms.validators import InputRequired, NumberRange

from app.auth.registration import is_by_invitation
from app.extensions import db
from app.forms.base import Form
from app.models import Invitation
from app.models.invitation import LONGEST, MOST_OPEN, MOST_USES
from app.settings.blueprint import bp


class InvitationForm(Form):
    most = IntegerField(
        _l('For how many people'),
        default=1,
        validators=[InputRequired(), NumberRange(1, MOST_USES)],
        render_kw={'type': 'number', 'min': 1, 'max': MOST_USES},
    )
    days = IntegerField(
        _l('For how many days'),
        default=7,
        validators=[InputRequired(), NumberRange(1, LONGEST)],
        render_kw={'type': 'number', 'min': 1, 'max': LONGEST},
    )
    submit = SubmitField(_l('Make an invitation'))


@bp.route('/invitations', methods=['GET', 'POST'])
@login_required
def invitations() -> str:
    """List one's invitations and how often they were used; make one, which is shown this once."""
    current_user.require_confirmed()
    form = InvitationForm() if is_by_invitation() else None
    code = None
    if form is not None and form.validate_on_submit():
        current_user.lock()
        if sum(each.is_open() for each in Invitation.of(current_user.id)) >= MOST_OPEN:
            form.submit.errors = [
                ngettext(
                    'You can have %(num)d open invitation.',
                    'You can have %(num)d open invitations.',
                    MOST_OPEN,
                )
            ]
        else:
            code = Invitation.make(current_user.id, form.most.data, form.days.data)
        db.session.commit()
    return render_template(
        'settings/invitations.html',
        title=_('Invitations'),
        form=form,
        code=code,
        invitations=Invitation.of(current_user.id),
    )


@bp.route('/invitations/<int:id>/revoke', methods=['POST'])
@login_required
def revoke_invitation(id: int) -> Response:
    """Let an invitation be good no more."""
    Invitation.revoke(current_user.id, id)
    db.session.commit()
    flash(_('The invitation is good for nothing any more.'))
    return redirect(url_for('settings.invitations'))
