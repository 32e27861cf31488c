"""What every form starts from."""

from functools import lru_cache
from typing import Any

from babel.support import Translations
from flask import request
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_ngettext
from flask_wtf import FlaskForm
from werkzeug.datastructures import CombinedMultiDict, MultiDict
from wtforms import FileField
from wtforms.i18n import messages_path

from app.extensions.masking import MaskedCSRF
from app.languages.locales import catalogue, present_language

# The messages of WTForms that people get to see: marked here, so that our catalogues hold them in
# words that go with the rest of the site.
_MARKED = [
    _l('This field is required.'),
    _l('Invalid email address.'),
    _l('Field must be between %(min)d and %(max)d characters long.'),
    lazy_ngettext(
        'Field must be at least %(min)d character long.',
        'Field must be at least %(min)d characters long.',
        1,
    ),
    lazy_ngettext(
        'Field cannot be longer than %(max)d character.',
        'Field cannot be longer than %(max)d characters.',
        1,
    ),
]


@lru_cache
def _theirs(language: str) -> Any:
    return Translations.load(messages_path(), [language], domain='wtforms')


class _Translations:
    """Looks a message up in our catalogues first, in those of WTForms after that."""

    def gettext(self, string: str) -> str:
        ours: str = catalogue().ugettext(string)
        return ours if ours != string else _theirs(present_language()).ugettext(string)

    def ngettext(self, singular: str, plural: str, n: int) -> str:
        ours: str = catalogue().ungettext(singular, plural, n)
        if ours not in (singular, plural):
            return ours
        theirs: str = _theirs(present_language()).ungettext(singular, plural, n)
        return theirs


class Form(FlaskForm):
    """A form whose errors speak the language of the page."""

    class Meta(FlaskForm.Meta):
        csrf_class = MaskedCSRF

        def wrap_formdata(self, form: Any, formdata: Any) -> Any:
            """Read what was typed or chosen and nothing else: no JSON, and no file as a text."""
            if formdata is None or hasattr(formdata, 'getlist'):
                return formdata
            if request.method != 'POST':
                return None
            wanted = {field.name for field in form if isinstance(field, FileField)}
            files = [pair for pair in request.files.items(multi=True) if pair[0] in wanted]
            return CombinedMultiDict([MultiDict(files), request.form]) if files else request.form

        def get_translations(self, _form: Any) -> _Translations:
            return _Translations()
