"""The catalogues (chapter 13): nothing unmarked, nothing missing, and the commands."""

import ast
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from flask import Flask
from flask.testing import FlaskCliRunner
from jinja2 import Environment

from app.cli.catalogues import CATALOGUES, PROJECT, _extract
from config import Config

LANGUAGES = ['ar', 'de', 'es', 'fr', 'zh']
APP = PROJECT / 'app'
TEMPLATES = sorted((APP / 'templates').rglob('*.html')) + sorted((APP / 'templates').rglob('*.txt'))
PLACEHOLDER = re.compile(r'%\(\w+\)[sd]|\{\w+\}')
# A word for the number is used instead of it where a form of a plural stands for one number only.
LEFT_OUT = re.compile(r'%\((num|min|max)\)d')
NAMES = {'Microblog', 'ltr', 'rtl', 'UTC'}


@pytest.fixture(scope='session')
def extracted(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    with Path(_extract(str(tmp_path_factory.mktemp('pot')))).open('rb') as file:
        return read_po(file)


def catalogue(language: str) -> Catalog:
    path = CATALOGUES / language / 'LC_MESSAGES' / 'messages.po'
    with path.open('rb') as file:
        return read_po(file, locale=language, abort_invalid=True)


def forms(text: object) -> list[str]:
    """All forms of a message, which is one text or, with plurals, several."""
    return [str(form or '') for form in (text if isinstance(text, tuple | list) else [text])]


def ids(catalog: Catalog) -> set[object]:
    return {message.id for message in catalog if message.id}


def test_which_there_are() -> None:
    assert ['en', *LANGUAGES] == Config.LANGUAGES


@pytest.mark.parametrize('language', LANGUAGES)
def test_a_catalogue_is_complete(extracted: Catalog, language: str) -> None:
    catalog = catalogue(language)
    assert not catalog.fuzzy
    assert ids(catalog) == ids(extracted)
    assert catalog.obsolete == {}
    for message in catalog:
        if message.id:
            assert not message.fuzzy, message.id
            assert all(form.strip() for form in forms(message.string)), message.id
            expected = catalog.num_plurals if message.pluralizable else 1
            assert len(forms(message.string)) == expected, message.id


@pytest.mark.parametrize('language', LANGUAGES)
def test_placeholders_are_kept(language: str) -> None:
    for message in catalogue(language):
        original = forms(message.id)[-1]
        wanted = set(PLACEHOLDER.findall(original))
        for number, form in enumerate(forms(message.string)):
            found = set(PLACEHOLDER.findall(form))
            if message.pluralizable and language == 'ar' and number < 3:
                found |= set(filter(LEFT_OUT.fullmatch, wanted))
            assert found == wanted, (message.id, form)


def test_all_six_arabic_plurals() -> None:
    assert catalogue('ar').num_plurals == 6


class Words(HTMLParser):
    """Collects what a person would read in a page."""

    SHOWN = {'alt', 'title', 'placeholder', 'aria-label', 'aria-description', 'label'}

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_data(self, data: str) -> None:
        self.found += re.findall(r'[^\W\d_]{2,}', data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        shown = self.SHOWN | ({'value'} if tag in ('input', 'button') else set())
        for name, value in attrs:
            if name in shown and dict(attrs).get('type') != 'hidden':
                self.handle_data(value or '')


def unmarked(source: str) -> list[str]:
    """The words of a template that stand in it as they are."""
    environment = Environment()  # noqa: S701 (nothing is rendered)
    data = ''.join(
        value if kind == 'data' else '0' * (kind == 'variable_end')
        for _, kind, value in environment.lex(source)
    )
    words = Words()
    words.feed(data)
    return [word for word in words.found if word not in NAMES]


@pytest.mark.parametrize('path', TEMPLATES, ids=lambda path: path.name)
def test_texts_of_templates_are_marked(path: Path) -> None:
    assert unmarked(path.read_text('utf-8')) == []


def test_an_unmarked_text_of_a_template_is_found() -> None:
    source = '<p class="a">{{ _("Fine") }} Bad <img alt="Worse"> {# no #}</p>'
    assert unmarked(source) == ['Bad', 'Worse']


SPEAKING_CALLS = re.compile(r'(flash|ValidationError|StopValidation|.*Field|.*Label)$')
SPEAKING_WORDS = {'label', 'message', 'title', 'description', 'done', 'oneself'}


def spoken(tree: ast.AST) -> list[str]:
    """The constants that a person would read, were they not marked."""
    found = []
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call):
            continue
        name = getattr(call.func, 'attr', getattr(call.func, 'id', ''))
        texts = call.args[:1] if SPEAKING_CALLS.match(name) else []
        texts += [word.value for word in call.keywords if word.arg in SPEAKING_WORDS]
        found += [
            text.value
            for text in texts
            if isinstance(text, ast.Constant) and isinstance(text.value, str)
        ]
        found += [ast.unparse(text) for text in texts if isinstance(text, ast.JoinedStr)]
    return found


def test_texts_of_forms_and_views_are_marked() -> None:
    for path in APP.rglob('*.py'):
        # (The API speaks English only, like the tutorial's.)
        if not {'demo', 'api'} & set(path.parts):
            assert spoken(ast.parse(path.read_text('utf-8'))) == [], path


def test_an_unmarked_text_of_a_form_is_found() -> None:
    source = "StringField('Bad', validators=[Length(message='Worse')]); flash(f'{a}'); x(_('Fine'))"
    assert spoken(ast.parse(source)) == ['Bad', "f'{a}'", 'Worse']


def test_scripts_hold_no_texts() -> None:
    for path in (APP / 'static' / 'js').rglob('*.js'):
        code = re.sub(r'^\s*//.*$', '', path.read_text('utf-8'), flags=re.M)
        assert re.findall(r"""['"`][A-Z][a-z]+ [^'"`]*['"`]""", code) == [], path


@pytest.mark.parametrize('command', ['init', 'update', 'compile'])
def test_the_commands_are_listed(runner: FlaskCliRunner, command: str) -> None:
    overview = runner.invoke(args=['translate', '--help']).output
    assert 'Translation and localization commands.' in overview
    assert command in overview
    help_of = {'init': 'Initialize a new language.', 'update': 'Update all languages.'}
    assert help_of.get(command, 'Compile all languages.') in overview
    assert 'translate' in runner.invoke(args=['--help']).output


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project in another place, whose catalogues may be changed."""
    ignore = shutil.ignore_patterns('__pycache__', '*.mo')
    shutil.copytree(APP, tmp_path / 'app', ignore=ignore)
    shutil.copy(PROJECT / 'babel.cfg', tmp_path)
    monkeypatch.setattr('app.cli.catalogues.PROJECT', tmp_path)
    monkeypatch.setattr('app.cli.catalogues.CATALOGUES', tmp_path / 'app' / 'translations')
    return tmp_path


def test_a_new_language(copy: Path, runner: FlaskCliRunner) -> None:
    result = runner.invoke(args=['translate', 'init', 'pt-BR'])
    assert result.exit_code == 0, result.output
    new = copy / 'app' / 'translations' / 'pt_BR' / 'LC_MESSAGES' / 'messages.po'
    assert 'msgid "Your post is now live!"\nmsgstr ""' in new.read_text('utf-8')
    assert not list(copy.rglob('*.pot'))
    # What is translated is not lost to a second try.
    new.write_text('mine')
    assert runner.invoke(args=['translate', 'init', 'pt_BR']).exit_code == 2
    assert new.read_text() == 'mine'


@pytest.mark.parametrize('language', ['nonsense', '../../x', 'a b', ''])
def test_what_is_no_language(copy: Path, runner: FlaskCliRunner, language: str) -> None:
    assert runner.invoke(args=['translate', 'init', language]).exit_code == 2
    assert len(list((copy / 'app' / 'translations').iterdir())) == len(LANGUAGES)


def test_updating_keeps_and_adds(copy: Path, runner: FlaskCliRunner) -> None:
    (copy / 'app' / 'templates' / 'new.html').write_text("{{ _('Quite new') }}")
    result = runner.invoke(args=['translate', 'update'])
    assert result.exit_code == 0, result.output
    text = (copy / 'app/translations/es/LC_MESSAGES/messages.po').read_text('utf-8')
    assert 'msgid "Quite new"\nmsgstr ""' in text
    assert 'msgid "Username"\nmsgstr "Nombre de usuario"' in text
    assert 'fuzzy' not in text
    assert not list(copy.rglob('*.pot'))


def test_compiling(copy: Path, runner: FlaskCliRunner) -> None:
    assert runner.invoke(args=['translate', 'compile']).exit_code == 0
    assert len(list(copy.rglob('messages.mo'))) == len(LANGUAGES)


@pytest.mark.parametrize('command', ['extract', 'init', 'update', 'compile'])
def test_a_failing_step_says_which(
    copy: Path, runner: FlaskCliRunner, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = subprocess.run

    def fail(arguments: list[str], **options: Any) -> object:
        if command in arguments:
            arguments = [*arguments, '--no-such-option']
        return run(arguments, **options)

    monkeypatch.setattr(subprocess, 'run', fail)
    name = {'extract': 'update'}.get(command, command)
    arguments = ['translate', name] + ['it'] * (name == 'init')
    result = runner.invoke(args=arguments)
    assert isinstance(result.exception, RuntimeError)
    assert str(result.exception) == f'{command} command failed'
    assert not list(copy.rglob('*.pot'))


def test_the_spanish_of_the_tutorial(app: Flask) -> None:
    texts = {message.id: message.string for message in catalogue('es')}
    assert texts['[Microblog] Reset Your Password'] == '[Microblog] Nueva Contraseña'
    assert texts['Username'] == 'Nombre de usuario'
    assert texts['Password'] == 'Contraseña'
