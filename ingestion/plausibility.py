"""How much a decoded text looks like text that people write, above all in Japanese.

Only characters outside ASCII are judged, each weighed by the bytes it came from, so that readings of the same
bytes in several encodings can be compared.
"""

from __future__ import annotations

import re
from functools import lru_cache

_FREQUENT_KANJI = (
    # The kanji taught in Japanese primary schools (教育漢字), which make up most of what is written.
    "一右雨円王音下火花貝学気九休玉金空月犬見五口校左三山子四糸字耳七車手十出女小上森人水正生青夕石赤千川先早草足村大男竹中虫町天田土二日入年白八百文木本名目立力林六"
    "引羽雲園遠何科夏家歌画回会海絵外角楽活間丸岩顔汽記帰弓牛魚京強教近兄形計元言原戸古午後語工公広交光考行高黄合谷国黒今才細作算止市矢姉思紙寺自時室社弱首秋週春書少場色食心新親図数西声星晴切雪船線前組走多太体台地池知茶昼長鳥朝直通弟店点電刀冬当東答頭同道読内南肉馬売買麦半番父風分聞米歩母方北毎妹万明鳴毛門夜野友用曜来里理話"
    "悪安暗医委意育員院飲運泳駅央横屋温化荷界開階寒感漢館岸起期客究急級宮球去橋業曲局銀区苦具君係軽血決研県庫湖向幸港号根祭皿仕死使始指歯詩次事持式実写者主守取酒受州拾終習集住重宿所暑助昭消商章勝乗植申身神真深進世整昔全相送想息速族他打対待代第題炭短談着注柱丁帳調追定庭笛鉄転都度投豆島湯登等動童農波配倍箱畑発反坂板皮悲美鼻筆氷表秒病品負部服福物平返勉放味命面問役薬由油有遊予羊洋葉陽様落流旅両緑礼列練路和"
    "愛案以衣位茨印英栄媛塩岡億加果貨課芽賀改械害街各覚潟完官管関観願岐希季旗器機議求泣給挙漁共協鏡競極熊訓軍郡群径景芸欠結建健験固功好香候康佐差菜最埼材崎昨札刷察参産散残氏司試児治滋辞鹿失借種周祝順初松笑唱焼照城縄臣信井成省清静席積折節説浅戦選然争倉巣束側続卒孫帯隊達単置仲沖兆低底的典伝徒努灯働特徳栃奈梨熱念敗梅博阪飯飛必票標不夫付府阜富副兵別辺変便包法望牧末満未民無約勇要養浴利陸良料量輪類令冷例連老労録"
    "圧囲移因永営衛易益液演応往桜可仮価河過快解格確額刊幹慣眼紀基寄規喜技義逆久旧救居許境均禁句型経潔件険検限現減故個護効厚耕航鉱構興講告混査再災妻採際在財罪殺雑酸賛士支史志枝師資飼示似識質舎謝授修述術準序招証象賞条状常情織職制性政勢精製税責績接設絶祖素総造像増則測属率損貸態団断築貯張停提程適統堂銅導得毒独任燃能破犯判版比肥非費備評貧布婦武復複仏粉編弁保墓報豊防貿暴脈務夢迷綿輸余容略留領歴"
    "胃異遺域宇映延沿恩我灰拡革閣割株干巻看簡危机揮貴疑吸供胸郷勤筋系敬警劇激穴券絹権憲源厳己呼誤后孝皇紅降鋼刻穀骨困砂座済裁策冊蚕至私姿視詞誌磁射捨尺若樹収宗就衆従縦縮熟純処署諸除承将傷障蒸針仁垂推寸盛聖誠舌宣専泉洗染銭善奏窓創装層操蔵臓存尊退宅担探誕段暖値宙忠著庁頂腸潮賃痛敵展討党糖届難乳認納脳派拝背肺俳班晩否批秘俵腹奮並陛閉片補暮宝訪亡忘棒枚幕密盟模訳郵優預幼欲翌乱卵覧裏律臨朗論"
    # Frequent in companies, names and contracts though taught later.
    "込稼払替携幅継続締遅延含抑握扱依頼偽違致及埋伴伺頂頃項渡途釈範囲避募障端末把握環境捗掲載挨拶御巡締阿伊藤斎渡辺鈴佐々誰俺僕彼"
)

_HALF_WIDTH_RUN = re.compile("[｡-ﾟ]+")
_IMPOSSIBLE_KANA = re.compile(
    "^[ｧ-ｯｰﾞﾟﾝ､]|[^ｳｶ-ﾄﾊ-ﾎ]ﾞ|[^ﾊ-ﾎ]ﾟ|[ﾞﾟ][ﾞﾟ]|[ｧ-ｯ][ｧ-ｮ]|[､｡｢｣･][､｡｢｣･ｧ-ｯｰﾝﾞﾟ]|ｦ[ｧ-ｯ]|ｯ[ｱ-ｵﾅ-ﾉﾝ]"
)
_NON_ASCII = re.compile(r"[^\x00-\x7f]")
_GLUED = re.compile(r"[a-z][一-鿿][a-z]")


def plausibility(text: str, bytes_of: dict[str, int] | None = None) -> float:
    """Mean score of the characters outside ASCII: about 1 for good Japanese, 0 or less for mojibake.

    1 when there is nothing to judge. `bytes_of` gives the weight of a class of characters ("half": half-width
    kana); without it each counts 1, half-width kana a half.
    """
    weight = total = 0.0
    half = (bytes_of or {}).get("half", 1) / 2
    for run in _HALF_WIDTH_RUN.findall(text):
        weight += half * len(run)
        total += half * len(run) * _half_width_score(run)
    for character in _NON_ASCII.findall(_HALF_WIDTH_RUN.sub("", text)):
        weight += 1
        total += _score(character)
    total -= 0.8 * len(_GLUED.findall(text))
    return total / weight if weight else 1.0


def _half_width_score(run: str) -> float:
    if len(_IMPOSSIBLE_KANA.findall(run)) * 8 > len(run):
        return -1.0
    return 0.75 if len(run) > 1 else -0.2


@lru_cache(maxsize=8192)
def _score(character: str) -> float:
    code = ord(character)
    if 0x3041 <= code <= 0x3093 or code in (0x3001, 0x3002):
        return 1.0
    if character in _frequent():
        return 0.95
    if 0x4E00 <= code <= 0x9FFF:
        return 0.25 if character in _first_level() else -0.45
    return _score_of_sign(code)


def _score_of_sign(code: int) -> float:
    if 0x30A1 <= code <= 0x30FE or 0x3000 <= code <= 0x3015 or code in (0x301C, 0x3005):
        return 0.85
    if 0xFF01 <= code <= 0xFF5E or 0x2010 <= code <= 0x2026 or 0x2460 <= code <= 0x2473:
        return 0.6
    if 0x80 <= code <= 0x9F or 0xE000 <= code <= 0xF8FF or code == 0xFFFD or code >= 0xF0000:
        return -3.0
    if code in _COMMON_SIGNS:
        return 0.5
    if 0xA0 <= code <= 0x24F:
        return 0.2
    return -0.5


_COMMON_SIGNS = frozenset(
    map(ord, "×÷±°§¥£©®™€→←↑↓⇒⇔○●◎◯△▲▽▼□■◇◆☆★※〒㈱㈲℡№㎡㎏㎜㎝㎞〓ー“”‘’•–—…‥∞≦≧≠≒√∑─│┌┐└┘├┤┬┴┼━┃")
)


@lru_cache(maxsize=1)
def _frequent() -> frozenset[str]:
    return frozenset(_FREQUENT_KANJI)


@lru_cache(maxsize=1)
def _first_level() -> frozenset[str]:
    """The kanji of JIS level 1, ordered by reading in the standard: those in general use."""
    rows = (bytes((row, cell)) for row in range(0xB0, 0xD0) for cell in range(0xA1, 0xFF))
    return frozenset(b"".join(rows).decode("euc_jp", errors="ignore"))
