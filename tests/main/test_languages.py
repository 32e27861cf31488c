"""Which language a page and a mail speak (chapter 13)."""

import re
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import db
from app.models import User
from tests.auth.conftest import wait_for_threads
from tests.conftest import MakeUser
from tests.mailbox import running_mailbox
from tests.pages import csrf_token, errors, flashes, heading, title
from tests.statements import statements

SIGN_IN = {
    'en': 'Sign In',
    'es': 'Iniciar sesión',
    'fr': 'Se connecter',
    'de': 'Anmelden',
    'zh': '登录',
    'ar': 'تسجيل الدخول',
}
LogIn = Callable[[User], FlaskClient]


def spoken(response: TestResponse) -> tuple[str, str]:
    match = re.search(r'<html lang="(.*?)" dir="(.*?)">', response.text)
    assert match is not None
    return match[1], match[2]


@pytest.mark.parametrize(
    ('accepted', 'language'),
    [
        ('es', 'es'),
        ('en', 'en'),
        ('da, en-gb;q=0.8, en;q=0.7', 'en'),
        ('es-MX,es;q=0.9', 'es'),
        ('fr-CA', 'fr'),
        ('de-AT,en;q=0.5', 'de'),
        ('zh-CN,zh;q=0.9', 'zh'),
        ('zh-Hant-TW', 'zh'),
        ('ar-EG', 'ar'),
        ('pt', 'en'),
        ('de-AT, en', 'de'),
        ('de;q=0, fr', 'fr'),
        ('', 'en'),
        ('*', 'en'),
        (';;;q=x', 'en'),
    ],
)
def test_the_browser_decides(client: FlaskClient, accepted: str, language: str) -> None:
    response = client.get('/auth/login', headers={'Accept-Language': accepted})
    assert heading(response) == SIGN_IN[language]
    assert spoken(response) == (language, 'rtl' if language == 'ar' else 'ltr')


def test_the_menu_names_languages_in_themselves(client: FlaskClient) -> None:
    text = client.get('/auth/login').text
    menu = re.findall(
        r'name="language" value="(\w+)" lang="(\w+)"( aria-current="true")?>(.*?)<', text
    )
    assert [(entry[0], entry[3]) for entry in menu] == [
        ('en', 'English'),
        ('ar', 'العربية'),
        ('de', 'Deutsch'),
        ('es', 'Español'),
        ('fr', 'Français'),
        ('zh', '中文'),
    ]
    assert [entry[0] for entry in menu if entry[2]] == ['en']


def test_the_menu_overrides_the_browser_and_is_remembered(client: FlaskClient) -> None:
    response = client.post('/language', data={'language': 'de', 'next': '/auth/login?next=%2Fx'})
    assert (response.status_code, response.location) == (302, '/auth/login?next=%2Fx')
    cookie = response.headers['Set-Cookie']
    for part in ('language=de', 'HttpOnly', 'SameSite=Lax', 'Max-Age=31536000', 'Path=/'):
        assert part in cookie
    page = client.get('/auth/login', headers={'Accept-Language': 'es'})
    assert heading(page) == SIGN_IN['de']


def test_the_row_remembers_on_every_device(log_in: LogIn, make_user: MakeUser) -> None:
    susan = make_user('susan')
    log_in(susan).post('/language', data={'language': 'ar'})
    assert susan.language == 'ar'
    elsewhere = log_in(susan)
    elsewhere.set_cookie('language', 'fr')
    assert spoken(elsewhere.get('/index', headers={'Accept-Language': 'es'})) == ('ar', 'rtl')


def test_the_choice_outlives_the_session(log_in: LogIn, make_user: MakeUser) -> None:
    client = log_in(make_user('susan'))
    client.post('/language', data={'language': 'fr'})
    client.get('/auth/logout')
    assert spoken(client.get('/auth/login')) == ('fr', 'ltr')


@pytest.mark.parametrize('language', ['', 'xx', 'EN', '../en', 'pt'])
def test_what_is_not_offered(
    client: FlaskClient, log_in: LogIn, make_user: MakeUser, language: str
) -> None:
    assert client.post('/language', data={'language': language}).status_code == 400
    client.set_cookie('language', language)
    assert spoken(client.get('/auth/login')) == ('en', 'ltr')
    # A language may have been taken from the site since it was chosen.
    assert spoken(log_in(make_user('susan', language=language)).get('/index')) == ('en', 'ltr')


def test_a_request_without_a_language(client: FlaskClient) -> None:
    assert client.post('/language').status_code == 400
    assert client.get('/language').status_code == 405


@pytest.mark.parametrize(
    'target', ['//evil.example', '/\\evil.example', 'https://evil.example', '']
)
def test_the_menu_leads_to_this_site_only(client: FlaskClient, target: str) -> None:
    response = client.post('/language', data={'language': 'es', 'next': target})
    assert response.location == '/index'


def test_a_token_is_needed(make_app: Callable[..., Flask]) -> None:
    client = make_app(WTF_CSRF_ENABLED=True).test_client()
    assert client.post('/language', data={'language': 'es'}).status_code == 400
    token = csrf_token(client, '/auth/login')
    assert client.post('/language', data={'language': 'es', 'csrf_token': token}).status_code == 302


def test_only_what_is_configured_is_offered(make_app: Callable[..., Flask]) -> None:
    client = make_app(LANGUAGES=['en']).test_client()
    page = client.get('/auth/login', headers={'Accept-Language': 'es'})
    assert heading(page) == 'Sign In'
    assert 'name="language"' not in page.text


def test_a_file_needs_no_language(app: Flask, log_in: LogIn, make_user: MakeUser) -> None:
    client = log_in(make_user('susan'))
    with statements() as made:
        assert client.get('/static/css/app.css').status_code == 200
    assert made == []


def test_flashes_and_errors_of_forms(
    client: FlaskClient, log_in: LogIn, make_user: MakeUser
) -> None:
    spanish = {'Accept-Language': 'es'}
    client.get('/index', headers=spanish)
    page = client.get('/auth/login', headers=spanish)
    assert flashes(page) == ['Inicia sesión para acceder a esta página.']
    page = client.post('/auth/register', data={'email': 'x', 'password2': 'y'}, headers=spanish)
    assert errors(page, 'username') == ['Este campo es obligatorio.']
    assert errors(page, 'email') == ['El correo electrónico no es válido.']
    page = client.post(
        '/auth/register', data={'password': 'abcdefgh', 'password2': 'y'}, headers=spanish
    )
    assert errors(page, 'password2') == ['Las contraseñas no coinciden.']
    susan = log_in(make_user('susan'))
    page = susan.post('/index', data={'post': 'x' * 141}, headers=spanish)
    assert errors(page, 'post') == ['Este campo debe tener entre 1 y 140 caracteres.']
    page = client.post('/auth/register', data={'email': 'x' * 200}, headers=spanish)
    assert 'Este campo no puede tener más de 120 caracteres.' in errors(page, 'email')


def test_error_pages(client: FlaskClient) -> None:
    page = client.get('/nothing', headers={'Accept-Language': 'zh'})
    assert heading(page) == '页面不存在'
    assert title(page) == '页面不存在 - Microblog'
    assert spoken(page) == ('zh', 'ltr')


@pytest.mark.parametrize(
    ('number', 'text'),
    [
        (0, 'لا متابعين'),
        (1, 'متابِع واحد'),
        (2, 'متابِعان'),
        (7, '7 متابِعين'),
        (11, '11 متابِعًا'),
        (99, '99 متابِعًا'),
        (100, '100 متابِع'),
        (103, '103 متابِعين'),
    ],
)
def test_arabic_numbers(log_in: LogIn, make_user: MakeUser, number: int, text: str) -> None:
    susan = make_user('susan', language='ar', follower_count=number)
    assert f'>{text}</a>' in log_in(susan).get('/user/susan').text


@pytest.fixture
def app_with_mail(make_app: Callable[..., Flask]) -> Iterator[tuple[Flask, object]]:
    with running_mailbox() as mailbox:
        app = make_app(MAIL_SERVER='127.0.0.1', MAIL_PORT=mailbox.port, MAIL_SUPPRESS_SEND=False)
        with app.app_context():
            yield app, mailbox
            wait_for_threads()
            db.session.remove()


@pytest.mark.parametrize(
    ('chosen', 'accepted', 'subject', 'greeting'),
    [
        (None, 'en', '[Microblog] Reset Your Password', 'Dear susan,'),
        (None, 'es', '[Microblog] Nueva Contraseña', 'Hola, susan:'),
        ('ar', 'es', '[Microblog] إعادة تعيين كلمة المرور', 'مرحبًا susan،'),
        ('xx', 'de', '[Microblog] Setze dein Passwort zurück', 'Hallo susan,'),
    ],
)
def test_a_mail_speaks_its_readers_language(
    app_with_mail, chosen: str | None, accepted: str, subject: str, greeting: str
) -> None:
    app, mailbox = app_with_mail
    db.session.add(User(username='susan', email='susan@example.com', language=chosen))
    db.session.commit()
    response = app.test_client().post(
        '/auth/reset_password_request',
        data={'email': 'susan@example.com'},
        headers={'Accept-Language': accepted},
    )
    assert response.status_code == 302
    [mail] = mailbox.wait_for(1)
    assert mail['Subject'] == subject
    text, html = (mail.get_body((kind,)).get_content() for kind in ('plain', 'html'))
    assert greeting in text
    assert greeting in html
    assert ('dir="rtl"' in html) == (chosen == 'ar')
