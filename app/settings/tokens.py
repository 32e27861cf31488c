"""Tokens of the API as a person sees them: made, shown once, looked at and ended one by one."""

from flask import abort, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from flask_login import current_user, login_required
from werkzeug.wrappers import Response
from wtforms import BooleanField, SelectField, StringField, SubmitField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired

from app.database import LARGEST_ID
from app.extensions import db
from app.forms.base import Form
from app.forms.validators import CodePoints, PlainText
from app.logs import audit
from app.models.api_token import (
    ACCOUNT,
    MESSAGES,
    MOST_NAMED,
    NAME_LENGTH,
    READ,
    SCOPES,
    WRITE,
    TooManyTokensError,
)
from app.settings.blueprint import bp
from app.web.proof import proof_required

DAY = 24 * 3600  # seconds
# By the number of days.
ENDS = {
    '7': _l('In a week'),
    '30': _l('In 30 days'),
    '90': _l('In 90 days'),
    '365': _l('In a year'),
    '': _l('Never'),
}
# What a token may be good for, in words for people.
ABOUT = {
    READ: _l('Read what you can read, but no messages'),
    WRITE: _l('Write posts, like, repost, keep and follow'),
    MESSAGES: _l('Read and write private messages'),
    ACCOUNT: _l('Change your profile and, with your password, the account itself'),
}


class TokenForm(Form):
    name = StringField(
        _l('What is it for?'),
        filters=[lambda text: (text or '').strip()],
        validators=[DataRequired(), CodePoints(max=NAME_LENGTH), PlainText()],
        render_kw={'autocomplete': 'off'},
    )
    read = BooleanField(ABOUT[READ], default=True)
    write = BooleanField(ABOUT[WRITE])
    messages = BooleanField(ABOUT[MESSAGES])
    account = BooleanField(ABOUT[ACCOUNT])
    end = SelectField(
        _l('When does it end?'),
        choices=[SelectChoice(days, label) for days, label in ENDS.items()],
        default='90',
    )
    submit = SubmitField(_l('Make a token'))

    def scopes(self) -> list[str]:
        return [scope for scope in SCOPES if self[scope].data]


@bp.route('/tokens')
@login_required
def tokens() -> str:
    """Show the tokens that there are: what they may do, and when they were used."""
    return render_template(
        'settings/tokens.html',
        title=_('API tokens'),
        tokens=current_user.named_tokens(),
        about=ABOUT,
    )


@bp.route('/tokens/new', methods=['GET', 'POST'])
@proof_required
def new_token() -> str:
    """Make a token, and show it this once."""
    form = TokenForm()
    token = None
    if form.validate_on_submit():
        if not form.scopes():
            form.account.errors = [_('Please choose what the token may do.')]
        else:
            days = form.end.data
            seconds = int(days) * DAY if days else None
            try:
                token = current_user.make_token(form.name.data, form.scopes(), seconds)
            except TooManyTokensError:
                message = ngettext(
                    'You can have %(num)d token.', 'You can have %(num)d tokens.', MOST_NAMED
                )
                form.name.errors = [message]
                db.session.rollback()
            else:
                db.session.commit()
                audit.note('token made', current_user)
    return render_template(
        'settings/new_token.html', title=_('Make a token'), form=form, token=token
    )


@bp.route('/tokens/<int:id>/end', methods=['POST'])
@login_required
def end_token(id: int) -> Response:
    """End a token."""
    if id > LARGEST_ID or not current_user.end_token(id):
        abort(404)
    db.session.commit()
    audit.note('token ended', current_user)
    flash(_('The token is good for nothing any more.'))
    return redirect(url_for('settings.tokens'))
