"""Following people out of a file of their names."""

import csv
import io

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from flask_login import current_user, login_required
from flask_wtf.file import FileField, FileRequired
from werkzeug.wrappers import Response
from wtforms import SubmitField

from app.forms.base import Form
from app.models.task import JobsUnavailableError
from app.settings.blueprint import bp
from app.text import USERNAME_LENGTH, case_key, is_plain, normalize_name

MOST_LINES = 5000
JOB = 'import_follows'


class ImportForm(Form):
    file = FileField(
        _l('CSV file'),
        validators=[FileRequired(_l('Please choose a file.'))],
        render_kw={'accept': '.csv,text/csv,text/plain'},
    )
    submit = SubmitField(_l('Follow these people'))


@bp.route('/import', methods=['GET', 'POST'])
@login_required
def import_follows() -> str | Response:
    """Start a job that follows those in a file, and show what came of the last one."""
    form = ImportForm()
    if form.validate_on_submit():
        found = _read(form)
        if found is not None:
            current_user.require_confirmed()
            _start(*found)
            return redirect(url_for('settings.import_follows'))
    return render_template(
        'settings/import.html',
        title=_('Import whom to follow'),
        form=form,
        report=current_user.result_of(JOB),
        most=MOST_LINES,
    )


def _start(names: list[str], malformed: list[int]) -> None:
    current_user.tasks_to_show()
    # Of two requests at once the second one waits, and finds the job of the first.
    current_user.lock()
    if current_user.get_task_in_progress(JOB):
        flash(_('An import is currently in progress'))
        return
    try:
        current_user.launch_task(JOB, _('Following people...'), names, malformed)
    except JobsUnavailableError:
        flash(_('Background jobs are not available right now. Please try again later.'))


def _read(form: ImportForm) -> tuple[list[str], list[int]] | None:
    """Return the names in the file, each once, and the numbers of lines that are none."""
    names: dict[str, str] = {}
    malformed = []
    try:
        text = form.file.data.read().decode('utf-8-sig')
        for number, row in enumerate(csv.reader(io.StringIO(text, newline='')), 1):
            name = normalize_name(row[0].removeprefix("'")) if row else ''
            if number == 1 and name.casefold() in ('username', 'account address'):
                continue
            if 0 < len(name) <= USERNAME_LENGTH and is_plain(name):
                names.setdefault(case_key(name), name)
            elif name:
                malformed.append(number)
            if number > MOST_LINES:
                form.file.errors = [
                    ngettext(
                        'A file can have at most %(num)d line.',
                        'A file can have at most %(num)d lines.',
                        MOST_LINES,
                    )
                ]
                return None
    except (UnicodeDecodeError, csv.Error):
        form.file.errors = [_('This is no text file of names.')]
        return None
    if not names:
        form.file.errors = [_('There is no name in this file.')]
        return None
    return [*names.values()], malformed
