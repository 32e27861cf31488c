"""The people of the small community."""

from typing import NamedTuple


class Person(NamedTuple):
    username: str
    email: str
    about_me: str | None


# The one whose password is printed.
MAIN_PERSON = 'susan'

PEOPLE = [
    Person('susan', 'susan@example.com', 'Bridges, birds and too many library books.'),
    Person('miguel', 'miguel@example.com', 'Café, ajedrez y plantas que no me contestan. 🌱'),
    Person('Zoë', 'zoe@example.com', 'Fietst overal heen, ook als het regent.\nUtrecht.'),
    Person('мария', 'maria@example.com', 'Читаю стихи кошке. Пишу письма от руки.'),
    Person('小林', 'kobayashi@example.com', '京都の小さな本屋。猫がいることもあります。'),
    Person('أمينة', 'amina@example.com', 'معلمة وأم، أحب البحر والكتب والشاي بالنعناع.'),
    Person('प्रिया', 'priya@example.com', 'पुणे से। कोड, चाय और बारिश।'),
    Person('Ελένη', 'eleni@example.com', 'Βιβλία, άνεμος και γάτες στη Νάξο.'),
    Person('민준', 'minjun@example.com', '책 읽다가 내릴 역을 지나치는 사람.'),
    Person('נועה', 'noa@example.com', 'לומדת לאפות לחם, לאט.'),
    Person('李娜', 'lina@example.com', '爬山、面条，正在学西班牙语。'),
    Person('chloé', 'chloe@example.com', 'Trois kilos de tomates, aucun plan.'),
    Person('luca', 'luca@example.com', 'Cucina, treni, un gatto che comanda.'),
    Person('beatriz', 'beatriz@example.com', 'Lisboa. Cerâmica de utilidade duvidosa.'),
    Person('Jürgen', 'juergen@example.com', 'Wohnt im Tal, arbeitet auf dem Berg.'),
    Person('Оксана', 'oksana@example.com', 'Балконний город і дванадцять банок варення.'),
    Person('สมชาย', 'somchai@example.com', 'ชอบมะม่วง กำลังเรียนภาษาอังกฤษ'),
    Person('ayşe', 'ayse@example.com', 'İstanbul, vapur, çay, bir de kedi.'),
    Person('linh', 'linh@example.com', None),
    Person(
        'kofi', 'kofi@example.com', 'Teacher. Fractions with mangoes. https://example.org/school'
    ),
]
