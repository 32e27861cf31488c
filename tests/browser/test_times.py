"""How long ago something was, in the words and with the rounding of moment.js (chapter 12)."""

from tests.browser.conftest import MakeVisitor

NOW = 1_790_000_000  # seconds since 1970
MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR
# From which age on, up to which age. The reader's clock may be a little slow.
ENGLISH = [
    (-5, 44, 'a few seconds ago'),
    (45, 89, 'a minute ago'),
    (90, 149, '2 minutes ago'),
    (43.5 * MINUTE, 44.4 * MINUTE, '44 minutes ago'),
    (45 * MINUTE, 89 * MINUTE, 'an hour ago'),
    (90 * MINUTE, 149 * MINUTE, '2 hours ago'),
    (20.5 * HOUR, 21.4 * HOUR, '21 hours ago'),
    (22 * HOUR, 35 * HOUR, 'a day ago'),
    (36 * HOUR, 59 * HOUR, '2 days ago'),
    (24.5 * DAY, 25.4 * DAY, '25 days ago'),
    (26 * DAY, 45 * DAY, 'a month ago'),
    (46 * DAY, 76 * DAY, '2 months ago'),
    (290 * DAY, 319 * DAY, '10 months ago'),
    (320 * DAY, 547 * DAY, 'a year ago'),
    (548 * DAY, 913 * DAY, '2 years ago'),
    (3653 * DAY, 3653 * DAY, '10 years ago'),
]
AGES = [10, MINUTE, HOUR, DAY, 2 * DAY, 30 * DAY, 59 * DAY, 400 * DAY]
OTHERS = {
    'de': 'vor ein paar Sekunden, vor einer Minute, vor einer Stunde, vor einem Tag, '
    'vor 2 Tagen, vor einem Monat, vor 2 Monaten, vor einem Jahr',
    'es': 'hace unos segundos, hace un minuto, hace una hora, hace un día, '
    'hace 2 días, hace un mes, hace 2 meses, hace un año',
    'fr': 'il y a quelques secondes, il y a une minute, il y a une heure, il y a un jour, '
    'il y a 2 jours, il y a un mois, il y a 2 mois, il y a un an',
    'ar': 'قبل بضع ثوانٍ, قبل دقيقة, قبل ساعة, قبل يوم, قبل يومين, قبل شهر, قبل شهرين, قبل سنة',
    'zh': '几秒前, 1分钟前, 1小时前, 1天前, 2天前, 1个月前, 2个月前, 1年前',
}
SHOW = """ages => ages.map(age => {
    const place = document.createElement('div');
    const time = document.createElement('time');
    time.dateTime = new Date(Date.now() - age * 1000).toISOString();
    place.append(time);
    window.showTimes(place);
    return place.textContent;
})"""


def test_how_long_ago(make_visitor: MakeVisitor) -> None:
    guest = make_visitor()
    guest.page.clock.set_fixed_time(NOW * 1000)
    page = guest.open('/auth/login')
    for index in (0, 1):
        ages = [row[index] for row in ENGLISH]
        assert page.evaluate(SHOW, ages) == [text for *_, text in ENGLISH]
    for language, texts in OTHERS.items():
        cookie = {'name': 'language', 'value': language, 'url': guest.server}
        guest.context.add_cookies([cookie])  # type: ignore[list-item]
        page = guest.open('/auth/login')
        assert page.evaluate(SHOW, AGES) == texts.split(', ')
