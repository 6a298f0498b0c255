"""Numbers and their units as sources and models spell them: figures, words, powers of ten, signs of currency."""

import re
import unicodedata
from decimal import Decimal

from omniloom.reasoning.scripts import fold

FIGURES = r"\d[\d.,٫٬\u00a0\u202f'’]*\d|\d|(?<![\w.,])\.\d+"
CLOCK = r"\d{1,3}(?::\d{1,3}){1,2}(?![\d:])"  # a time of day, or a ratio
SIGNS = r"(?:\b(?:US|AU|CA|NZ|HK))?\$|[%€£¥₹°]|\b(?:per|pour|por)\s(?:cent|cien|ciento)\b"
HAN_FIGURES = "〇零一二三四五六七八九十百千万萬亿億两"
AMBIGUOUS = frozenset("〇零一十百千万萬亿億两")
_SMALL = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen".split()
_SMALL += "seventeen eighteen nineteen".split()
_FOREIGN = {  # two to twelve, but for words that mean something else in another language
    2: "zwei deux dos dois",
    3: "drei trois tres tre",
    4: "vier quatre cuatro quattro quatro",
    5: "funf cinq cinco cinque",
    6: "sechs seis",
    7: "sieben siete sette sete",
    8: "acht huit ocho oito",
    9: "neun nueve nove",
    10: "zehn dix diez dieci dez",
    11: "undici",
    12: "zwolf douze doce dodici doze",
}
TENS = dict(zip("twenty thirty forty fifty sixty seventy eighty ninety".split(), range(20, 100, 10), strict=True))
NUMBER_WORDS = {word: value for value, word in enumerate(_SMALL)} | TENS
NUMBER_WORDS |= {word: value for value, words in _FOREIGN.items() for word in words.split()}
ORDINALS = {
    word: str(value)
    for value, word in enumerate("first second third fourth fifth sixth seventh eighth ninth tenth".split(), 1)
}
_SCALES = {
    100: "hundred hundert cien ciento cento",
    10**3: "thousand tausend mille mil",
    10**6: "million millions millionen mio millon millones milhao milhoes milione milioni mln",
    10**9: "billion billions bn milliarde milliarden mrd milliard milliards miliardo miliardi",
    10**12: "trillion trillions",
}
_UNITS = {
    "percent": "% percent pct prozent pourcent porciento percento procent",
    "dollar": "$ dollar dollars usd",
    "euro": "€ euro euros eur",
    "pound": "£ pound pounds gbp",
    "yen": "¥ yen jpy",
    "rupee": "₹ rupee rupees inr",
    "second": "seconds sec secs sekunde sekunden secondes segundo segundos",
    "minute": "minute minutes min mins minuten minuto minutos",
    "hour": "hour hours hr hrs stunde stunden heure heures hora horas",
    "day": "day days tag tage tagen jour jours dia dias",
    "week": "week weeks woche wochen semaine semaines semana semanas",
    "month": "month months monat monate monaten mois mes meses",
    "year": "year years jahr jahre jahren annee annees ans ano anos",
    "kilometer": "km kilometer kilometers kilometre kilometres kilometros",
    "meter": "meter meters metre metres metro metros",
    "centimeter": "cm centimeter centimeters centimetre centimetres",
    "millimeter": "mm millimeter millimeters millimetre millimetres",
    "kilogram": "kg kilo kilos kilogram kilograms kilogramm kilogramme kilogrammes kilogramos",
    "gram": "gram grams gramm gramme grammes gramos",
    "ton": "ton tons tonne tonnes tonnen tonelada toneladas",
    "pound weight": "lb lbs",
    "millisecond": "ms",
    "microsecond": "µs μs",
    "nanosecond": "ns",
    "milligram": "mg milligram milligrams milligramm milligramme milligrammes miligramos",
    "microgram": "µg μg mcg",
    "milliliter": "ml milliliter milliliters millilitre millilitres",
    "nanometer": "nm",
    "micrometer": "µm μm",
    "square meter": "m2 sqm",
    "cubic meter": "m3",
    "square kilometer": "km2",
    "kilowatt hour": "kwh",
    "megawatt": "mw",
    "megawatt hour": "mwh",
    "gigawatt hour": "gwh",
    "yuan": "yuan rmb cny",
    "franc": "chf franc francs franken",
    "percentage point": "percentage prozentpunkte",
    "foot": "foot feet ft",
    "inch": "inch inches",
    "degree": "degree degrees grad grado grados °",
    "liter": "liter liters litre litres litro litros",
    "byte": "byte bytes octets",
    "kilobyte": "kb kilobyte kilobytes",
    "megabyte": "mb megabyte megabytes",
    "gigabyte": "gb gigabyte gigabytes",
    "terabyte": "tb terabyte terabytes",
    "watt": "watt watts",
    "kilowatt": "kw kilowatt kilowatts",
    "mile": "mile miles",
    "bar": "bar bars",
    "psi": "psi",
    "knot": "knot knots",
}
# Powers of ten that stand right after figures: Han and Hangul, and letters glued to the figures.
GLUED = {"百": 100, "千": 10**3, "万": 10**4, "萬": 10**4, "만": 10**4, "亿": 10**8, "億": 10**8, "억": 10**8}
LETTERS = {"k": 10**3, "K": 10**3, "M": 10**6, "B": 10**9, "T": 10**12}
LETTERS_OF_MONEY = LETTERS | {"m": 10**6, "b": 10**9}
COUNTED = "个個人年月日天周週点點时時分秒元円名次岁歳位家台件页頁"  # what a single Han numeral counts
SCALES = {name: power for power, names in _SCALES.items() for name in names.split()}
UNITS = {fold(name): unit for unit, names in _UNITS.items() for name in names.split()}
UNITS |= dict.fromkeys(("us$", "au$", "ca$", "nz$", "hk$"), "dollar")
UNITS |= dict.fromkeys(("per cent", "pour cent", "por cien", "por ciento"), "percent")
# Spellings that mean a unit only right after a number.
_AFTER_NUMBERS = UNITS | {"second": "second", "h": "hour", "m": "meter", "g": "gram", "l": "liter"}


def number_key(raw: str) -> str:
    """One spelling for one value: separators of thousands go, a decimal comma becomes a point, zeros at the end go."""
    return readings(raw)[0]


def readings(raw: str) -> tuple[str, str]:
    """The value as most write it, and the other one it may have: "1.000" is 1 here and 1000 there; "" if there is none.

    Digits of any script are taken.
    """
    text = "".join(str(unicodedata.decimal(each)) if each.isdecimal() else each for each in raw)
    text = re.sub(r"[\u00a0\u202f'’٬]", "", text).replace("٫", ".").rstrip(".,")
    grouped = text.replace(",", "").replace(".", "")
    if re.fullmatch(r"[1-9]\d{0,2},\d{3}", text):
        return _trimmed(grouped), _trimmed(text.replace(",", "."))
    if re.fullmatch(r"[1-9]\d{0,2}\.\d{3}", text):
        return _trimmed(text), _trimmed(grouped)
    if re.fullmatch(r"[1-9]\d{0,2}(,\d{3})+(\.\d+)?", text):
        return _trimmed(text.replace(",", "")), ""
    if re.fullmatch(r"[1-9]\d{0,2}(\.\d{3})+(,\d+)?", text):
        return _trimmed(text.replace(".", "").replace(",", ".")), ""
    if re.fullmatch(r"\d+,\d+", text):
        text = text.replace(",", ".")
    return _trimmed(text), ""


def scaled(key: str, power: int) -> str:
    """The key of "1.5 million" from that of "1.5"; a key that is no plain number stays as it is."""
    if not re.fullmatch(r"-?\d*\.?\d+", key):
        return key
    value = f"{Decimal(key) * power:f}"
    return "-" * value.startswith("-") + _trimmed(value.lstrip("-"))


def han_value(run: str, following: str = "") -> str:
    """The value of Han numerals ("九十九" is 99), "" for a character that is as often no number.

    following: the character after them; "十" is 10 before what is counted, as in "十人".
    """
    if run in AMBIGUOUS and (run == "一" or not following or following not in COUNTED):
        return ""
    figures = [2 if each == "两" else int(unicodedata.numeric(each)) for each in run]
    if all(figure < 10 for figure in figures):
        return _trimmed("".join(map(str, figures)))
    total = section = digit = 0
    for figure in figures:
        if figure < 10:
            digit = figure
        elif figure < 10**4:
            section, digit = section + (digit or 1) * figure, 0
        else:
            total, section, digit = total + (section + digit or 1) * figure, 0, 0
    return str(total + section + digit)


def _trimmed(text: str) -> str:
    if re.fullmatch(r"\d*\.\d+", text):
        text = text.rstrip("0").rstrip(".")
    return text.lstrip("0") or "0"


def unit_of(word: str, *, after_number: bool = False) -> str:
    """The unit that a word or sign means, "" if it means none; right after a number also "m", "g", "second"."""
    return (_AFTER_NUMBERS if after_number else UNITS).get(fold(word), "")
