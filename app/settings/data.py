"""What is stored of a person, as a file, and whom they follow out of a file."""

from flask import Response, render_template
from flask_babel import gettext as _
from flask_login import current_user, login_required

from app.settings.blueprint import bp
from app.tasks.everything import everything
from app.web.downloads import download
from app.web.proof import proof_required


@bp.route('/data')
@login_required
def data() -> str:
    """Tell what there is to download."""
    return render_template('settings/data.html', title=_('My data'))


@bp.route('/data/microblog.zip')
@proof_required
def data_file() -> Response:
    """Send all that there is about the account, made while it is sent: it lies nowhere."""
    user = current_user._get_current_object()
    return download(everything(user), 'microblog.zip', 'application/zip')
