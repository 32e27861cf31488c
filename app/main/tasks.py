"""How a page shows a job (chapter 22): while it runs, and how it ended."""

from typing import Any

from flask import (
    Flask,
    Response,
    abort,
    after_this_request,
    before_render_template,
    current_app,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.blueprints import BlueprintSetupState
from flask_login import current_user, login_required
from jinja2 import Template
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response as BaseResponse

from app.extensions import db
from app.main.blueprint import bp
from app.main.hooks import is_looked_at
from app.models import Task
from app.web.site import local_path


def task_or_404(id: str) -> Task:
    """Return one of the user's own tasks."""
    task: Task = current_user.own_task(id) or abort(404)
    return task


def read_for_page(_app: Flask, template: Template, context: dict[str, Any], **_: object) -> None:
    """Read what base.html shows on each page of somebody who is logged in, before it is drawn.

    A part of a page, a mail and the page of an error, for which the database may be away, have no
    block of base.html's and show none of that.
    """
    if 'app_content' in template.blocks and current_user.is_authenticated:
        context['tasks'] = _tasks_of_page()


@bp.record
def _read_for_pages(state: BlueprintSetupState) -> None:
    before_render_template.connect(read_for_page, state.app)


def _tasks_of_page() -> list[Task]:
    """Return the jobs that a page tells of. That one has gone well, it tells once."""
    tasks: list[Task] = current_user.tasks_to_show()
    over = [task.id for task in tasks if task.has_gone_well()]
    if over and is_looked_at():
        # Not before the view has committed what it holds.
        after_this_request(lambda response: _told_of(over, response))
    return tasks


def _told_of(ids: list[str], response: Response) -> Response:
    try:
        for task_id in ids:
            task_or_404(task_id).dismiss()
        db.session.commit()
    except SQLAlchemyError:
        # It will be told once more.
        current_app.logger.exception('A notice was not dismissed')
        db.session.rollback()
    return response


@bp.route('/tasks/<id>')
@login_required
def task(id: str) -> str:
    """Show one job as a piece of a page, for the page's script."""
    task = task_or_404(id)
    html = render_template('_task.html', task=task)
    if task.has_gone_well():
        task.dismiss()
        db.session.commit()
    return html


@bp.route('/tasks/<id>/dismiss', methods=['POST'])
@login_required
def dismiss_task(id: str) -> BaseResponse:
    """Take the notice of how a job ended out of the pages."""
    task_or_404(id).dismiss()
    db.session.commit()
    return redirect(local_path(request.form.get('next'), url_for('main.index')))
