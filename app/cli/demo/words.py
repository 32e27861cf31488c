"""Generated posts whose words are as common and as rare as those of real ones.

In every language a few dozen words make up half of all text and most words are hardly ever
used. A search behaves very differently for the two, so bulk data needs both.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from random import Random

from app.text import BODY_LENGTH

VOCABULARY_SIZE = 20_000

EMOJI = ['🙂', '😂', '🎉', '❤️', '👍', '☕', '🌧️', '👩‍💻', '🇪🇺', '🌍']


@dataclass(frozen=True)
class Language:
    """A language: its commonest words, the commonest first, and syllables for all others."""

    code: str
    share: int  # of the people, in relation to the other languages
    words: str
    syllables: str
    space: str = ' '
    stops: tuple[str, ...] = ('.', '.', '!', '?', '…')


LANGUAGES = [
    Language(
        'en',
        30,
        'the to and a of in is it you that for on was with my this have at but not so just be '
        'we are what today all good time out like day new go morning coffee work home people '
        'think really know see love rain bread train weekend music walk garden book friend',
        'ba ber cam cor den der ding el er fal fen field ford gar ham har hol ing ket land ley '
        'lin lo mar mer mill mor nel ning nor par per ra ri sel son ster tar ten ton ver wel win',
    ),
    Language(
        'es',
        15,
        'de la que el en y a los se no un por con una su para es al lo como más pero sus le ya '
        'hoy me muy cuando todo esta bien día casa gracias café siempre algo noche mañana tiempo '
        'lluvia gente calle playa música amigo trabajo ventana',
        'ba bre ca cer cha cho co da do en es fa ga gue ja la le lla lo ma me mi mo na ne ño pa '
        'pe que ra rre ri ro sa so ta te ti to va ver za',
    ),
    Language(
        'fr',
        8,
        'de la le et les des en un du une que est pour qui dans a par plus pas au sur ne se ce '
        'il je on avec tout mais bien très aujourd’hui matin soir café jour temps maison merci '
        'pluie rue livre marché fenêtre ami',
        'bel bou cha che cou dan de du eau en fer fleur gar ge ière jou la lan le lou ma man mon '
        'nou oi pa per pla que ré rou sa ser son ta teur tion vel vi voi',
    ),
    Language(
        'de',
        8,
        'der die und in zu den das nicht von sie ist des sich mit dem dass er es ein ich auf so '
        'eine auch als an nach wie im für man aber heute schon wieder morgen Kaffee Regen Zug Tag '
        'Garten Brot schön Wochenende Straße',
        'ab an aus bach ber berg beit chen dorf ein er feld fel ge gel haus heit hof ing kel keit '
        'lich lein ling mal men nis rei schaft schen stein ter tisch ung ver wald weg zeit zug',
    ),
    Language(
        'it',
        4,
        'di e che la il un a è per in una sono mi ho non lo ma ha si le con ti cosa se come ci '
        'oggi bene tutto casa quando sempre caffè giorno pioggia mare pane sera treno grazie',
        'ba bel ca cel chi co da del do fa fio ga gio la li lo ma men mo na no pa per pi ra re '
        'ri ro sa so sta ta tel ti to tro va ve vi zio',
    ),
    Language(
        'pt',
        6,
        'de a o que e do da em um para é com não uma os no se na por mais as dos como mas foi ao '
        'ele das tem hoje bom dia muito casa café chuva praia tempo gente obrigado sempre',
        'ba bo ca cha ção da de do en fa ga gem ja la lha lo ma men mi mo na nha no pa pe qui ra '
        'ri ro sa so ta te ti to tra va ve zi',
    ),
    Language(
        'ru',
        7,
        'и в не на я что с а как это по но у за от так же все вы он бы мне только уже было ещё '
        'сегодня очень день дома утро кофе дождь вечер хорошо спасибо погода книга поезд город',
        'бе бор ва вер вод го гра да дер до за зна ка ко кра ла ле лес ло ма ми мо на ни но об па '
        'пе по при ра ре род ро са ска ста сти те то ту ход че ша',
    ),
    Language(
        'zh',
        6,
        '的 是 了 我 不 在 人 有 这 他 也 就 你 说 都 要 去 好 今天 很 我们 什么 天气 咖啡 早上 '
        '朋友 下雨 周末 工作 回家 音乐 公园 火车 面包 谢谢 真的',
        '山 水 火 木 金 土 日 月 星 云 风 雨 雪 花 草 树 石 河 海 田 路 门 车 船 书 画 歌 茶 米 鱼 '
        '鸟 马 红 白 青 黑 大 小 高 长 东 西 南 北 中 新 古 春 夏 秋 冬 城 村 家',
        space='',
        stops=('。', '。', '！', '？', '……'),
    ),
    Language(
        'ja',
        5,
        'の は に を が と で も て た です ます から この その 今日 いい 私 ない まで よ ね 朝 雨 '
        'コーヒー 天気 友達 仕事 週末 電車 公園 音楽 散歩 ありがとう とても 少し',
        'あ い う え お か き く け こ さ し す そ た ち つ と な に の は ひ ふ ほ '
        'ま み む も や ゆ よ ら り る 山 川 空 花 木 石 島 町 本 田 森 雪 月 星',
        space='',
        stops=('。', '。', '！', '？', '…'),
    ),
    Language(
        'ar',
        4,
        'في من على أن إلى هذا ما لا مع كل اليوم عن هو كان بعد هل قبل يوم جدا صباح قهوة مطر بيت '
        'شكرا كتاب الطقس جميل مدينة صديق موسيقى قطار خبز مساء',
        'با بر تا جم حا دا در را رس سا سل شا صا طا عا عم فا قا قر كا كت لا ما مد نا نو ها '
        'وا يا ية ون ين',
        stops=('.', '.', '!', '؟', '…'),
    ),
    Language(
        'hi',
        3,
        'के है में की से का और को यह पर नहीं भी एक ने तो हम आज था कर बहुत मैं चाय सुबह बारिश घर '
        'दोस्त काम अच्छा दिन शाम किताब संगीत शहर धन्यवाद',
        'का की कर गा गर चा जा जन ता ती दा दर ना नी पा पर बा भा मा मन या रा री ला ली वा सा सर हा',
        stops=('।', '।', '!', '?', '…'),
    ),
    Language(
        'el',
        2,
        'και το να του η της με που την από για είναι στο τα ο δεν θα μου σε τι ένα πολύ σήμερα '
        'καλημέρα καφές βροχή σπίτι θάλασσα φίλος βιβλίο βράδυ ευχαριστώ μέρα',
        'α βα βου γε γρα δα δι ε ζω θα κα κο κρι λα λει λο μα με μι να νε νο πα πε πο ρα ρι ρο σα '
        'στα τα τε τι το φα φω χα χω',
        stops=('.', '.', '!', ';', '…'),
    ),
    Language(
        'ko',
        2,
        '이 그 저 오늘 나는 너무 정말 있다 없다 좋은 날씨 커피 비가 아침 친구 집에 주말 일이 음악 '
        '공원 기차 빵 고마워 다시 조금 아주 내일 저녁 책을',
        '가 강 고 구 기 나 남 노 다 달 도 동 라 람 로 마 말 모 물 미 바 밤 보 비 사 산 '
        '서 소 수 시 아 안 여 우 원 은 자 정 지 차 하 한 해 호',
    ),
]


class Writer:
    """Writes any number of posts in one language."""

    def __init__(self, language: Language, random: Random) -> None:
        self.language = language
        self.random = random
        self.vocabulary = _vocabulary(language, random)
        # Zipf's law: the n-th word is n times as rare as the first.
        self.weights = list(accumulate(1 / rank for rank in range(1, len(self.vocabulary) + 1)))

    def write(self) -> str:
        """Return the text of a post."""
        language, random = self.language, self.random
        length = int(random.triangular(2, 26, 8))
        words = random.choices(self.vocabulary, cum_weights=self.weights, k=length)
        extra = random.random()
        if extra < 0.1:
            ending = ' ' + random.choice(EMOJI)
        elif extra < 0.15:
            ending = f' https://example.org/{random.randrange(100_000)}'
        else:
            ending = random.choice(language.stops)
        text = language.space.join(words)[: BODY_LENGTH - len(ending)].rstrip()
        return text[0].upper() + text[1:] + ending


def _vocabulary(language: Language, random: Random) -> list[str]:
    """Return different words, the commonest first."""
    syllables = language.syllables.split()
    # A dictionary, because it keeps the order.
    words = dict.fromkeys(language.words.split())
    while len(words) < VOCABULARY_SIZE:
        count = random.choices((2, 3, 4), (5, 3, 1))[0]
        words[''.join(random.choices(syllables, k=count))] = None
    return list(words)
