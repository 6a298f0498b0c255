"""Sentences that say that the sources do not say it.

Judged by their words, in the languages small models answer in; "No side effects were found" is an answer, not one of
these, where a source says so itself.
"""

import re
from collections.abc import Sequence

_LONGEST = 2000  # characters of a sentence that are looked at
_NOT = r"(?:not|n['’]t|never)"
_TOLD = (
    r"(?:mentioned|specified|stated|indicated|disclosed|provided|said|told|answered|discussed|addressed|described|"
    r"explained|detailed|listed|given|included|contained|available|found|known|clear|covered|present)"
)
_TELL = (
    r"(?:mention|specify|state|indicate|disclose|provide|say|tell|answer|discuss|address|describe|explain|detail|list|"
    r"give|include|contain|cover|refer|have|know)s?"
)
_SOURCE = r"(?:passages?|sources?|documents?|texts?|paper|article|files?|report|context|excerpts?|data|tables?)"
_HERE = rf"(?:\s+(?:explicitly|directly|anywhere|here|(?:in|by|from)\s+(?:\w+\s+){{0,3}}{_SOURCE}))*\W*\Z"
# Sentences of which the source is the subject, or that say in the passive that nobody says it.
_ABSENT = re.compile(
    rf"\b{_SOURCE}\b(?:\s+\w+){{0,2}}?\s+(?:do|does|did|is|are|was|were)(?:\s+{_NOT}|n['’]t)\s+(?:\w+ly\s+)?{_TELL}\b|"
    rf"\b{_SOURCE}\b(?:\s+\w+){{0,2}}?\s+(?:lacks?|(?:gives?|contains?|provides?|has|have|holds?|says?|includes?)\s+"
    r"(?:no|nothing))\b|"
    rf"\b(?:is|are|was|were|be|been)(?:\s+{_NOT}|n['’]t)(?:\s+\w+ly)?\s+{_TOLD}{_HERE}|"
    rf"^\W*not\s+(?:\w+ly\s+)?{_TOLD}{_HERE}|"
    rf"^\W*no\b.{{0,80}}\b(?:is|are|was|were)(?:\s+\w+ly)?\s+{_TOLD}{_HERE}|"
    rf"\b(?:is|are|was|were)(?:\s+{_NOT}|n['’]t)\s+in\s+(?:\w+\s+){{0,3}}{_SOURCE}\b|"
    r"^\W*it (?:does|did)(?: not|n['’]t) (?:say|mention|state)\b|"
    r"\bno (?:such |specific |further |relevant )?(?:information|mention|details?|indication|reference)\b|"
    r"\bI (?:do not|don['’]t|cannot|can['’]t) (?:know|find|tell|say|answer|determine)\b|"
    rf"\b(?:cannot|can['’]t|can not|could not|couldn['’]t) be (?:determined|answered|found|known|inferred)|"
    r"\b(?:is|are) (?:unknown|unspecified|unclear)\W*\Z|^\W*NOT FOUND|"
    # German
    r"\b(?:wird|werden|wurden?|ist|sind|war)\b.{0,60}\bnicht (?:\w+ )?(?:erwähnt|angegeben|genannt|enthalten|bekannt|"
    r"aufgeführt|beantwortet|zu finden|verfügbar)\b|\bsteht\b.{0,40}\bnicht (?:im|in)\b|\bsteht nichts\b|"
    r"\bkeine?r?n? (?:\w+ )?(?:Angaben?|Informationen?|Hinweise?|Auskunft)\b|geht (?:aus|"
    r"daraus)\b.{0,60}\bnicht hervor|"
    r"\b(?:Text|Quellen?|Dokumente?|Passagen?|Abschnitt\w*|Artikel)\b.{0,40}\b(?:nicht|nichts|keine?[nrs]?)\b|"
    # French, Spanish, Portuguese, Italian, Dutch, Polish
    r"\b(?:est|sont) pas (?:mentionn|précis|indiqu|spécifi|donné|fourni|connu)|\bn['’](?:est|sont) pas (?:\w+ )?"
    r"(?:mentionn|précis|indiqu|spécifi|donné|fourni|connu)|\baucune? (?:information|mention|donnée|indication|"
    r"précision)|"
    r"\b(?:texte|documents?|sources?|passages?)\b.{0,20}\bne?\b.{0,25}\b(?:pas|aucune?|rien)\b|"
    r"\bno se (?:menciona|indica|especifica|dice|proporciona|encuentra|sabe)|\bno hay (?:\w+ )?(?:información|"
    r"datos|mención)|"
    r"\b(?:texto|documentos?|fuentes?|pasajes?|fontes?|testo|fonti|documento)\b.{0,20}\b(?:no|não|non)\b|"
    r"\bnão (?:é|foi|são|está|há) (?:\w+ )?(?:mencionad|indicad|especificad|informad|informaç)|"
    r"\bnon (?:è|sono|viene) (?:\w+ )?(?:menzionat|indicat|specificat|fornit)|\bnon ci sono informazioni|"
    r"\bniet (?:vermeld|genoemd|gevonden|aangegeven|bekend)\b|\bgeen informatie\b|\bnie (?:podano|wspomniano|"
    r"określono)|"
    # Russian, Greek, Turkish, Vietnamese, Arabic, Hindi, Thai
    r"\bне (?:указан|упомина|упомян|сказано|говорится|приведен|найден)|\bнет (?:\w+ )?(?:информац|данных|упомин)|"
    r"δεν (?:αναφέρ|προσδιορ)|(?:belirtilmem|bahsedilmem|yer alm)\w*|không (?:được )?(?:đề cập|nêu|cung cấp)|"
    r"(?:لم|لا) (?:يذكر|تذكر|يُذكر|ترد|توجد معلومات)|غير (?:مذكور|محدد)|(?:उल्लेख|जानकारी) नहीं|"
    r"ไม่(?:ได้)?(?:ระบุ|กล่าวถึง)|"
    # Chinese, Japanese, Korean
    r"^\W*(?:.{0,12}(?:文[中本档]|资料|資料|来源|來源|段落|其中|原文).{0,4})?(?:并未|並未|未|没有|沒有)(?:被)?"
    r"(?:提及|提到|说明|說明|给出|写明|指出|提供|相关|任何|.{0,6}信息)|(?:未|没有|沒有)(?:被)?(?:提及|提到|说明|說明|给出|写明)\W*\Z|"
    r"(?:无法|無法)(?:从|從|确定|確定|得知|判断)|没有(?:相关|任何|关于.{0,20}的)?信息|"
    r"(?:記載|言及|記述|明記|書かれ).{0,8}(?:ない|なく|ません|おらず|なし)|情報.{0,4}(?:ありません|ない)|見つかりません|"
    r"(?:언급|명시|기재|나와|제공).{0,6}않|정보가 없",
    re.IGNORECASE,
)
_TELLING = re.compile(
    r"\b(mention|specif|stat(?=e)|indicat|disclos|discuss|address|describ|explain|detail|list(?=ed))", re.IGNORECASE
)
NEGATED = re.compile(
    rf"\b{_NOT}\b|\b(?:without|free of|nicht|kein\w*|ohne|pas|sans|aucun\w*|sin|ning[uú]n\w*|não|sem|non|senza|"
    rf"niet|geen|"
    r"не|нет|без|nie|geen|keinerlei)\b|n['’]t\b|\bno\b|\bnever\b|\bnone\b|[未没沒无無不]|ない|ません|않|없|ไม่|नहीं|لا|لم|ليس",
    re.IGNORECASE,
)
"""A word that denies something, in the same languages."""


def says_absent(text: str, quotes: Sequence[str] = ()) -> bool:
    """Whether a sentence says that the sources do not hold or tell something.

    `quotes` are what supports it there: where they deny it themselves, it is an answer to repeat that.
    """
    if _ABSENT.search(text[:_LONGEST]) is None:
        return False
    telling = {found.lower() for found in _TELLING.findall(text)}
    return not any(
        NEGATED.search(quote) and (not telling or any(root in quote.lower() for root in telling)) for quote in quotes
    )
