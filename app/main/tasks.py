"""How a page shows a job (chapter 22): while it runs, and how it ended."""

from flask import abort, redirect, render_template, request, url_for
from flask_login import current_user, login_required
from werkzeug.wrappers import Response

from app.extensions import db
from app.main import bp
from app.models import Task
from app.site import local_path


def task_or_404(id: str) -> Task:
    """Return one of the user's own tasks."""
    task: Task | None = current_user.own_task(id)
    if task is None:
        abort(404)
    return task


@bp.route('/tasks/<id>')
@login_required
def task(id: str) -> str:
    """Show one job as a piece of a page, for the page's script."""
    return render_template('_task.html', task=task_or_404(id))


@bp.route('/tasks/<id>/dismiss', methods=['POST'])
@login_required
def dismiss_task(id: str) -> Response:
    """Take the notice of how a job ended out of the pages."""
    task_or_404(id).dismiss()
    db.session.commit()
    return redirect(local_path(request.form.get('next'), url_for('main.index')))
