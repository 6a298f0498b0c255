"""Which encoding a text without any mark is in, told from its letters.

UTF-8 proves itself; the older ones do not. Statistical detectors misjudge a few short lines, which is what files of
notes and tables often are, so the usual Windows and ISO encodings are first weighed by the letters that their
languages use; what none of them explains goes to charset-normalizer.
"""

import codecs
import re

# Codec → the letters beyond ASCII that its languages use, the frequent ones first.
_LATIN = {
    "cp1252": "éàèüöäçñóíêáãâßôúîûõœåøæëïìòùÉÈÀÜÖÄÇÑÓÅØÆÁÍÚÊÔŒ’‘“”«»–—…€°§·¡¿£©®ªº•",
    "cp1250": "óíáéłąęěřšžčýżśćńůőúöüůäűźďťňľôŁŚŻŹĆŠČŘŽÁÉÍÓÚŐŰÖÜĄĘĐđăâîşţĂÂÎŞŢ„”“’–—…«»°§€",
    "cp1254": "ıüişğçöâîûİŞĞÇÖÜ’‘“”–…«»°",
    "cp1257": "āēīšūņļķģžčėįųąęöäüõŠŽČĀĒĪŪĢĶĻŅĖĮŲÖÄÜÕ„“”’–…°",
    "iso8859-2": "óíáéłąęěřšžčýżśćńůőúöüäűźďťňľôŁŚŻŹĆŠČŘŽÁÉÍÓÚŐŰÖÜĄĘĐđăâîşţ°§",
    "iso8859-15": "éàèüöäçñóíêáãâßôúîûõœåøæëïìòùÉÈÀÜÖÄÇÑÓÅØÆÁÍÚÊÔŒ«»€°§·¡¿£©®ªº",
}
_OTHER = {
    "cp1251": "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъёії",
    "koi8-r": "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё",
    "cp1253": "αοιετςνησυρπκμλίγόδάέχωθήφβύώξζψϊ",
    "cp1255": "יוהלאתרבשמנםעדחקפצסגכטזןךףץ",
    "cp1256": "اليمنوترةبعدهسفكحقجأطشصخىإضذزئثغظءؤآ",
    "cp874": "านรอกเงมยลวดทสตะปบคหแจพชขใไโผซธถฟศณ่้ัีิ็ืุูํ์",
}
_JAPANESE = ("cp932", "euc_jp")
# Codec → first and last lead byte, and least trail byte, of the few thousand characters that nearly all text is of.
_COMMON = {
    "gb18030": (0xB0, 0xD7, 0xA1),
    "big5": (0xA4, 0xC6, 0x40),
    "cp932": (0x88, 0x97, 0x40),
    "euc_jp": (0xB0, 0xCF, 0xA1),
    "cp949": (0xB0, 0xC8, 0xA1),
}
_SYLLABLES = frozenset("이다는의가을에고지하사기도로리한정시자어은를서인일")  # one Korean syllable in three
_LEAST = 0.4
_WIDE = re.compile("[\u3400-\u9fff\uac00-\ud7a3]+")
_BEYOND = re.compile(r"[^\W\x00-\x7f]+")
_KANA = re.compile("[\u3041-\u30ff]")
_SAMPLE = 1 << 16


def guess(data: bytes) -> str:
    """The name of a Python codec, "" if nothing fits. `data` is no UTF-8 and has no byte order mark."""
    telling = [line for line in data[: _SAMPLE * 16].splitlines() if not line.isascii()]
    sample = b"\n".join(telling)[:_SAMPLE] or data[:_SAMPLE]
    for codec in _JAPANESE:
        text = _start(sample, codec)
        if len(_KANA.findall(text)) * 4 > sum(not each.isascii() for each in text):
            return codec
    if codec := _ideographic(sample):
        return codec
    runs = _BEYOND.findall(_start(sample, "latin-1"))
    latin = sum(map(len, runs)) < 2.5 * len(runs) if runs else True
    scores = {codec: _score(_start(sample, codec), codec) for codec in (_LATIN if latin else _OTHER)}
    best = max(scores, key=lambda codec: scores[codec])
    return best if scores[best] >= _LEAST else _by_statistics(sample)


def _ideographic(sample: bytes) -> str:
    """Chinese, Japanese without kana, or Korean, "" if it is none: a few labels are too little for statistics.

    In the right encoding nearly all characters are among the common ones, and they stand together; a curly quote and
    the letter after it make one on its own.
    """
    shares: dict[str, float] = {}
    for codec in _COMMON:
        runs = _WIDE.findall(_start(sample, codec))
        text = "".join(runs)[:4000]
        if len(text) < 2 or len(text) < 1.5 * len(runs):
            continue
        shares[codec] = sum(_is_common(character, codec) for character in text) / len(text)
        if codec == "cp949" and 8 * sum(each in _SYLLABLES for each in text) < len(text):
            shares[codec] = 0.0
    if shares.get("cp949", 0.0) > 0.98:
        return "cp949"  # its syllables are common characters in Chinese encodings too, but hardly all of a Chinese text
    best = max(shares, key=lambda codec: shares[codec], default="")
    return best if best and shares[best] >= 0.85 else ""


def _is_common(character: str, codec: str) -> bool:
    first, last, least = _COMMON[codec]
    pair = character.encode(codec)
    return len(pair) == 2 and first <= pair[0] <= last and pair[1] >= least


def _start(sample: bytes, codec: str) -> str:
    """The decoded sample, "" if it is not in this encoding; its end may be half a character."""
    try:
        return codecs.getincrementaldecoder(codec)().decode(sample)
    except UnicodeDecodeError:
        return ""


def _score(text: str, codec: str) -> float:
    """-1 to 1: how well the characters beyond ASCII are explained by the letters of the codec's languages."""
    usual = (_LATIN | _OTHER)[codec]
    total, count = 0.0, 0
    for at, character in enumerate(text):
        if character.isascii():
            continue
        count += 1
        rank = usual.find(character if codec in _LATIN else character.lower())
        if rank < 0:
            total -= 1.0
        elif character.isupper() and text[at - 1 : at].islower():
            total -= 0.5
        else:
            total += 1.0 if codec in _LATIN or rank < 10 else 0.5
    return total / count if count else 0.0


def _by_statistics(sample: bytes) -> str:
    from charset_normalizer import from_bytes

    best = from_bytes(sample, threshold=0.3).best()
    return best.encoding if best is not None else ""
