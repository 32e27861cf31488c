"""How pages look, what a person is told, and who may write to them."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user, login_required
from werkzeug.wrappers import Response
from wtforms import BooleanField, SelectField, SubmitField
from wtforms.fields.choices import SelectChoice

from app.extensions import db
from app.forms.base import Form
from app.languages.locales import choose_language, offered_languages, remember_language
from app.models.activity import KINDS
from app.models.message import EVERYBODY, FOLLOWED, NOBODY
from app.settings.blueprint import bp


class LookForm(Form):
    language = SelectField(_l('Language'))
    color_scheme = SelectField(
        _l('Colors'),
        choices=[
            SelectChoice('', _l('As my device has them')),
            SelectChoice('light', _l('Light')),
            SelectChoice('dark', _l('Dark')),
        ],
    )
    submit = SubmitField(_l('Save'))

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        asked = SelectChoice('', _l('As my browser asks for'))
        self.language.choices = [asked, *(SelectChoice(*each) for each in offered_languages())]


class NoticesForm(Form):
    """A box for each kind of activity."""

    follow = BooleanField(_l('Somebody follows me'))
    answer = BooleanField(_l('Somebody answers a post of mine'))
    mention = BooleanField(_l('Somebody mentions me'))
    like = BooleanField(_l('Somebody likes a post of mine'))
    repost = BooleanField(_l('Somebody reposts a post of mine'))
    submit = SubmitField(_l('Save'))


class MessagesForm(Form):
    messages_from = SelectField(
        _l('Who may write to me'),
        choices=[
            SelectChoice(EVERYBODY, _l('Everybody')),
            SelectChoice(FOLLOWED, _l('People I follow')),
            SelectChoice(NOBODY, _l('Nobody')),
        ],
    )
    submit = SubmitField(_l('Save'))


@bp.route('/look', methods=['GET', 'POST'])
@login_required
def look() -> str | Response:
    """Choose the language and the colours of all pages."""
    form = LookForm(obj=None if request.method == 'POST' else current_user)
    if form.validate_on_submit():
        current_user.language = form.language.data or None
        current_user.color_scheme = form.color_scheme.data or None
        response = _saved('settings.look')
        return remember_language(response, form.language.data)
    return render_template('settings/frame.html', title=_('Language and look'), form=form)


@bp.route('/notices', methods=['GET', 'POST'])
@login_required
def notices() -> str | Response:
    """Choose of what one is told. What has been told stays."""
    unwanted = (current_user.unwanted_activity or '').split()
    form = NoticesForm(data={kind: kind not in unwanted for kind in KINDS})
    if form.validate_on_submit():
        unwanted = [kind for kind in KINDS if not form[kind].data]
        current_user.unwanted_activity = ' '.join(unwanted) or None
        return _saved('settings.notices')
    return render_template('settings/notices.html', title=_('What I am told'), form=form)


@bp.route('/messages', methods=['GET', 'POST'])
@login_required
def messages() -> str | Response:
    """Choose who may write messages to one."""
    form = MessagesForm(obj=None if request.method == 'POST' else current_user)
    if form.validate_on_submit():
        current_user.messages_from = form.messages_from.data
        return _saved('settings.messages')
    return render_template('settings/messages.html', title=_('Who may write to me'), form=form)


def _saved(endpoint: str) -> Response:
    choose_language()  # it may be another one from here on
    flash(_('Your changes have been saved.'))
    db.session.commit()
    return redirect(url_for(endpoint))
