"""Sentences that say that the sources do not say it.

Judged by their words, in the languages small models answer in; "No side effects were found" is an answer, not one of
these, where a source says so itself.
"""

import re
from collections.abc import Sequence

_NOT = r"(?:\b(?:not|no|never|nothing|none|cannot)\b|n['’]t\b)"
_TELL = (
    r"(?:mention|specif|stat(?:e|ed|es)\b|indicat|disclos|provid(?:e|es|ed)\b|said\b|says?\b|told\b|tells?\b|answer|"
    r"discuss|address|describ|refer|explain|detail)"
)
_HOLD = r"(?:found|find|contain|includ|availab|given|give|appear)"
_SOURCE = r"(?:passages?|sources?|documents?|texts?|paper|article|files?|report|context|excerpts?|information|answer)"
_LONGEST = 2000  # characters of a sentence that are looked at
# Something is not said: an answer only where the source speaks of what is not said.
_UNTOLD = re.compile(
    rf"{_NOT}.{{0,40}}\b{_TELL}|\bno (?:such )?(?:information|mention)\b|^\W*NOT FOUND|"
    r"\b(?:nicht|kein\w*)\b.{0,60}\b(?:erwähn|angegeben|genannt|beantwort|hervor)|"
    r"\b(?:pas|aucun\w*)\b.{0,60}\b(?:mentionn|précis|indiqu|fourni|spécifi)|"
    r"\b(?:no|ning[uú]n\w*)\b.{0,60}\b(?:menciona|indica|especifica|proporciona)|"
    r"\bn(?:ão|on)\b.{0,60}\b(?:menciona|indica|especifica|informa|menzion|specific|fornisc)|"
    r"\bniet\b.{0,60}\b(?:vermeld|genoemd|aangegeven)|\bnie\b.{0,60}\b(?:podan|wspomnian|określon)|"
    r"\bне\b.{0,60}(?:указан|упомина|упомян|сказан|говорит)|\bнет\b.{0,40}(?:информац|данных)|"
    r"δεν.{0,60}(?:αναφέρ|προσδιορ)|(?:belirtilm|bahsedilm|yer alm)\w*|không.{0,40}(?:đề cập|nêu|cung cấp)|"
    r"(?:لم|غير|لا).{0,40}(?:يذكر|تذكر|مذكور|محدد|توجد معلومات)|(?:उल्लेख|जानकारी).{0,40}नहीं|ไม่.{0,20}(?:ระบุ|กล่าวถึง)|"
    r"(?:未|没有|沒有|无|無|不).{0,6}(?:提及|提到|说明|說明|提供|指出|给出|写明)|"
    r"(?:記載|言及|記述|明記).{0,8}(?:ない|なく|ません|おらず)|(?:언급|명시|나와|제공).{0,6}(?:않|없)",
    re.IGNORECASE,
)
# A source does not hold it: an answer where the source itself says that something is not there.
_UNHELD = re.compile(
    rf"{_NOT}.{{0,60}}\b{_HOLD}.{{0,120}}\b{_SOURCE}\b|\b{_SOURCE}\b.{{0,120}}{_NOT}.{{0,60}}\b{_HOLD}|"
    r"\b(?:nicht|kein\w*)\b.{0,60}\b(?:enth[aä]lt|enthalten|gefunden)|\b(?:pas|aucun\w*)\b.{0,60}\btrouv|"
    r"\bno\b.{0,60}\b(?:encuentra|contiene)|\bn(?:ão|on)\b.{0,60}\b(?:encontra|trova|cont)|\bniet\b.{0,60}\bgevonden|"
    r"\bне\b.{0,60}(?:найден|содерж)|ไม่.{0,20}พบ|(?:未|没有|沒有).{0,6}找到|見つかりません",
    re.IGNORECASE,
)
_NEGATED = re.compile(
    rf"{_NOT}|\b(?:without|free of|nicht|kein\w*|ohne|pas|sans|aucun\w*|sin|ning[uú]n\w*|não|sem|non|senza|niet|geen|"
    r"не|нет|без|nie)\b|[未没沒无無不]|ない|ません|않|없|ไม่|नहीं|لا|لم|ليس",
    re.IGNORECASE,
)


def says_absent(text: str, quotes: Sequence[str] = ()) -> bool:
    """Whether a sentence says that the sources do not hold or tell something; `quotes` are what supports it there."""
    text = text[:_LONGEST]
    if _UNTOLD.search(text):
        return not any(_UNTOLD.search(quote) for quote in quotes)
    return _UNHELD.search(text) is not None and not any(_NEGATED.search(quote) for quote in quotes)
