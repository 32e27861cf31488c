"""Exporting one's own posts (chapter 22)."""

from flask import Response as StreamedResponse
from flask import abort, flash, redirect, render_template, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_login import current_user, login_required
from werkzeug.wrappers import Response

from app.main.blueprint import bp
from app.main.forms import EmptyForm
from app.models.task import JobsUnavailableError
from app.tasks.archive import archive
from app.tasks.zipped import zipped
from app.web.downloads import download
from app.web.site import absolute_url, site_url


@bp.route('/export_posts', methods=['GET', 'POST'])
@login_required
def export_posts() -> str | Response:
    """Start a job that mails an archive of one's posts, unless it is running already."""
    form = EmptyForm()
    wanted = form.validate_on_submit()
    if wanted:
        # This may find out that a job has died, which commits and would let go of the lock.
        current_user.tasks_to_show()
        # Of two requests at once the second one waits, and finds the job of the first.
        current_user.lock()
    if current_user.get_task_in_progress('export_posts'):
        flash(_('An export task is currently in progress'))
    elif not wanted:
        return render_template('main/export_posts.html', title=_('Export Your Posts'), form=form)
    else:
        _start_export()
    return redirect(url_for('main.user', username=current_user.username))


def _start_export() -> None:
    # Only a request knows the site's address and the visitor's language.
    site, own = site_url(), str(current_user.id)
    try:
        current_user.launch_task(
            'export_posts',
            _('Exporting posts...'),
            url=site and absolute_url(site, 'main.posts_archive', user_id=own),
            locale=str(get_locale() or 'en'),
            pictures_url=site and absolute_url(site, 'main.pictures_archive', user_id=own),
        )
    except JobsUnavailableError:
        flash(_('Background jobs are not available right now. Please try again later.'))


@bp.route('/archive/<int:user_id>/posts.json')
@login_required
def posts_archive(user_id: int) -> StreamedResponse:
    """Send the archive of one's own posts straight from the database."""
    if user_id != current_user.id:
        abort(404)
    text = (piece.text for piece in archive(user_id))
    return download(text, 'posts.json', 'application/json')


@bp.route('/archive/<int:user_id>/posts.zip')
@login_required
def pictures_archive(user_id: int) -> StreamedResponse:
    """Send the same with the pictures of one's posts."""
    if user_id != current_user.id:
        abort(404)
    return download(zipped(user_id), 'posts.zip', 'application/zip')
