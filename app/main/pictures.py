"""Pictures in posts: choosing them, before the post is sent, and looking at one."""

from typing import Any

from flask import abort, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user, login_required
from flask_wtf.file import MultipleFileField
from werkzeug.wrappers import Response
from wtforms import BooleanField, SubmitField, TextAreaField
from wtforms.validators import Optional

from app.database import id_in
from app.extensions import db
from app.forms.validators import CodePoints, PlainText
from app.main.blueprint import bp
from app.main.forms import BoxForm
from app.models import Post
from app.models.media import ALT_LENGTH, MOST_PICTURES, Shot, UnknownPictureError
from app.text import BODY_LENGTH, clean_body, is_plain, straight
from app.web.public import card, login_required_unless_public
from app.web.uploads import KINDS, UploadError, receive_photograph

TOO_MANY = _l('A post may have at most %(num)d pictures.', num=MOST_PICTURES)
NOT_PLAIN = _l('This text contains characters that cannot be stored.')
ALT_TOO_LONG = _l('A description may have at most %(num)d characters.', num=ALT_LENGTH)


class PostForm(BoxForm):
    """A box to write in, with up to four pictures; one of the two is enough.

    A picture that was sent stays with the form, whatever is wrong with the rest of it.
    """

    post = TextAreaField(
        _l('Say something'),
        filters=[clean_body],
        validators=[Optional(), CodePoints(min=1, max=BODY_LENGTH), PlainText()],
    )
    pictures = MultipleFileField(_l('Pictures'), render_kw={'accept': KINDS})
    submit = SubmitField(_l('Submit'))
    sensitive = BooleanField(_l('Sensitive: covered until somebody wants to see them'))

    def __init__(self, present: Post | None = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.present = present
        self.status = 200  # of the page that shows the form again
        self.chosen: list[Shot] = []
        if request.method == 'GET':
            if present is not None:
                self.chosen = [*present.pictures]
                self.sensitive.data = present.sensitive
        else:
            self.chosen = self._chosen_before()

    @property
    def album(self) -> list[tuple[int, str]]:
        """What `Post.illustrate` is to be told."""
        return [(shot.media_id, shot.alt) for shot in self.chosen]

    def _chosen_before(self) -> list[Shot]:
        """Return the pictures that were in the box already, but for those that are to go."""
        removed = {*request.form.getlist('remove')}
        given = zip(request.form.getlist('media'), request.form.getlist('alt'), strict=False)
        alts = {int(id_): alt for id_, alt in given if id_in(id_) and id_ not in removed}
        ids = [*alts][:MOST_PICTURES]
        present = self.present.id if self.present is not None else None
        found = current_user.uploads(ids, present) if ids else []
        return [Shot.of(media, clean_body(alts[media.id])) for media in found]

    def validate(self, extra_validators: Any = None) -> bool:
        is_own = self.author.data in (None, '', str(current_user.id))
        is_valid = super().validate(extra_validators)
        if not is_own:
            return is_valid
        self._receive()
        errors = [*self.pictures.errors]
        errors += self._errors_of_alts()
        self.pictures.errors = errors
        if not self.post.data and not self.chosen and not errors:
            self.post.errors = [_('This field is required.')]
            return False
        return is_valid and not errors

    def _receive(self) -> None:
        """Store the files that came with the form."""
        files = [file for file in self.pictures.data or () if file]
        alts = request.form.getlist('new_alt')
        errors: list[Any] = []
        if len(self.chosen) + len(files) > MOST_PICTURES:
            errors, files = [TOO_MANY], []
        for number, file in enumerate(files):
            try:
                media = receive_photograph(current_user, file.stream)
            except UploadError as error:
                self.status = error.status
                errors.append(f'{straight(file.filename or "")}: {error.message}')
            else:
                alt = alts[number] if number < len(alts) else ''
                self.chosen.append(Shot.of(media, clean_body(alt)))
        self.pictures.errors = errors

    def _errors_of_alts(self) -> set[Any]:
        alts = [shot.alt for shot in self.chosen]
        errors = {ALT_TOO_LONG for alt in alts if len(alt) > ALT_LENGTH}
        return errors | {NOT_PLAIN for alt in alts if not is_plain(alt)}


def publish(post: Post, form: PostForm) -> None:
    """Give a post, new or not, what the form has, and commit. Raises what a commit raises."""
    try:
        if form.present is None:
            post.sensitive = form.sensitive.data
            post.illustrate(form.album)
        else:
            post.edit(form.post.data, form.album, form.sensitive.data)
    except UnknownPictureError:
        # Another request was quicker to use them.
        db.session.rollback()
        abort(409)
    db.session.commit()


@bp.route('/picture', methods=['POST'])
@login_required
def upload_picture() -> str | Response:
    """Store a picture for the box of a post, and show it there: a piece of a page, for a script."""
    file = request.files.get('file')
    if file is None:
        abort(400)
    try:
        media = receive_photograph(current_user, file.stream)
    except UploadError as error:
        return Response(str(error.message), error.status, mimetype='text/plain')
    return render_template('_chosen_picture.html', shot=Shot.of(media, ''))


@bp.route('/post/<int:id>/picture/<int:number>')
@login_required_unless_public
def picture(id: int, number: int) -> str:
    """Show a picture of a post, as large as there is room."""
    post = Post.find(id) or abort(404)
    if not 1 <= number <= len(post.pictures):
        abort(404)
    shot = post.pictures[number - 1]
    title = _('Picture by %(username)s', username=straight(post.author.username))
    return render_template(
        'main/picture.html',
        title=title,
        post=post,
        number=number,
        shot=shot,
        card=card(
            title,
            'main.picture',
            id=post.id,
            number=number,
            kind='article',
            description=shot.alt,
            image=shot.large,
            noindex=post.sensitive,
            posts=[post],
        ),
    )
