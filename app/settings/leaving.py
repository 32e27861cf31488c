"""Deleting one's account."""

from datetime import timedelta

from flask import current_app, flash, redirect, render_template, url_for
from flask_babel import format_date, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user, logout_user
from werkzeug.wrappers import Response
from wtforms import Field, StringField, SubmitField
from wtforms.validators import DataRequired, ValidationError

from app.auth.email import send_deletion_email
from app.auth.forms import USERNAME_FIELD
from app.extensions import db
from app.forms.base import Form
from app.logs import audit
from app.models import User
from app.settings.blueprint import bp
from app.tasks.purge import leave_now
from app.text import case_key, normalize_name
from app.web.proof import proof_required


class DeleteForm(Form):
    username = StringField(
        _l('Type your username, to show that you mean this account'),
        validators=[DataRequired()],
        render_kw={**USERNAME_FIELD, 'autocomplete': 'off'},
    )
    submit = SubmitField(_l('Delete my account'))

    def validate_username(self, field: Field) -> None:
        own = current_user.username
        if case_key(normalize_name(field.data)) not in (case_key(own), own):
            raise ValidationError(_('This is not your username.'))


@bp.route('/delete', methods=['GET', 'POST'])
@proof_required
def delete_account() -> str | Response:
    """Delete the account after some days, in which logging in keeps it."""
    form = DeleteForm()
    days = current_app.config['DELETION_DELAY']
    if not form.validate_on_submit():
        when = ngettext(
            'It will be deleted after %(num)d day.', 'It will be deleted after %(num)d days.', days
        )
        return render_template(
            'settings/delete_account.html', title=_('Delete account'), form=form, when=days and when
        )
    user: User = current_user._get_current_object()
    if days:
        at = user.ask_for_deletion(timedelta(days=days))
        db.session.commit()
        audit.note('deletion asked for', user)
        send_deletion_email(user, at)
        message = _(
            'Your account will be deleted on %(date)s. To keep it, log in before that day.',
            date=format_date(at, 'long'),
        )
    else:
        leave_now(user)
        message = _('Your account has been deleted.')
    logout_user()
    flash(message)
    return redirect(url_for('auth.login'))
