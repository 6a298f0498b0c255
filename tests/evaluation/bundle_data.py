"""A small folder of the form of the development data, made by the tests: texts, tables, receipts, sounds."""

import csv
import json
import math
import wave
from pathlib import Path
from typing import Any

from omniloom.evaluation.bundles.spoken import DIGITS

_TOWNS = {
    "Harwick": ("The mill at Harwick was built in 1743 by Tom Odell.", "Its wheel has 24 paddles of oak."),
    "Old_Lens": ("The lens was ground by Ada Frisk in a cellar.", "It weighs 310 grams, with its frame of brass."),
    "Salt_Road": ("Carters took the salt to Brenn before the frost.", "A load was 52 sacks on a good day."),
}
_ASKED = {
    "Harwick": [("Who built the mill?", "Tom Odell"), ("How many paddles has the wheel?", "24")],
    "Old_Lens": [("Who ground the lens?", "Ada Frisk"), ("How many grams does it weigh?", "310")],
    "Salt_Road": [("Where was the salt taken?", "Brenn"), ("How many sacks was a load?", "52")],
}
_ROWS = [
    ["Keeper", "Lamps", "Since"],
    ["Moira Fenn", "1,204", "1891"],
    ["Piet Aalders", "87", "1902"],
    ["Ines Coll, jr.", "415", "1899"],
]


def made(folder: Path) -> Path:
    """The folder, filled."""
    for name in ("text", "tables/wtq/201-csv", "images/sroie", "audio/digits", "audio/asr"):
        (folder / name).mkdir(parents=True)
    _texts(folder / "text" / "xquad_en.jsonl")
    _tables(folder / "tables")
    for number, (shop, total) in enumerate([("BLUE KETTLE", "18.40"), ("NORTH PIER", "96.05"), ("OLD ANVIL", "7.15")]):
        _receipt(folder / "images", f"{number:03}", shop, f"0{number + 3}/05/2018", total)
    _sounds(folder / "audio")
    return folder


def _lines(path: Path, records: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))


def _texts(path: Path) -> None:
    records: list[dict[str, Any]] = []
    for title, sentences in _TOWNS.items():
        filler = "Nothing else is told of it, (though many have asked) and the archive burnt. " * 2
        context = f"{sentences[0]} {filler}{sentences[1]}"
        for number, (question, answer) in enumerate(_ASKED[title]):
            about = {"id": f"{title}-{number}", "title": title, "context": context}
            records.append({**about, "question": question, "answers": [answer]})
    _lines(path, records)


def _tables(folder: Path) -> None:
    with (folder / "wtq" / "201-csv" / "1.csv").open("w", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL, escapechar="\\", doublequote=False).writerows(_ROWS)
    asked = [
        {"id": "nt-1", "question": "who kept the most lamps?", "answers": ["Moira Fenn"]},
        {"id": "nt-2", "question": "how many lamps did piet aalders keep?", "answers": ["87"]},
        {"id": "nt-3", "question": "how many keepers are listed?", "answers": ["3"]},
    ]
    _lines(folder / "wtq.jsonl", [{**each, "table": "201-csv/1.csv"} for each in asked])
    table = [["", "2019", "2018"], ["Sales", "$7,301", "6,420"], ["Costs", "5,115", "5,020"]]
    span = {"question": "What were the sales in 2019?", "answer": ["$7,301"], "answer_type": "span"}
    report = {"table": {"uid": "0123456789", "table": table}, "questions": [{**span, "answer_from": "table"}]}
    (folder / "tatqa.json").write_text(json.dumps([report]))


def _receipt(folder: Path, name: str, shop: str, date: str, total: str) -> None:
    from PIL import Image, ImageDraw, ImageFont

    image = Image.new("RGB", (420, 560), "white")
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(22)
    labels: list[str] = []
    lines = [(60, 40, shop), (60, 90, f"Date: {date}"), (40, 200, "TEA, GREEN"), (290, 200, total)]
    lines += [(40, 260, "TOTAL"), (290, 260, f"RM {total}"), (40, 320, "CASH"), (290, 320, "100.00")]
    for left, top, text in lines:
        draw.text((left, top), text, fill="black", font=font)
        box = tuple(round(side) for side in draw.textbbox((left, top), text, font=font))
        corners = (box[0], box[1], box[2], box[1], box[2], box[3], box[0], box[3])
        labels.append(",".join([*map(str, corners), text]))
    image.save(folder / "sroie" / f"{name}.jpg", quality=92)
    (folder / "sroie" / f"{name}.boxes.csv").write_text("\n".join(labels) + "\n")
    fields = {"company": shop, "date": date, "total": total, "address": "1 QUAY"}
    with (folder / "sroie.jsonl").open("a") as file:
        file.write(json.dumps({"id": name, "image": f"{name}.jpg", "fields": fields}) + "\n")


def _sounds(folder: Path) -> None:
    """Tones in place of voices: a digit of n lasts 0.2 + n/100 seconds."""
    records: list[dict[str, Any]] = []
    for digit in range(len(DIGITS)):
        _tone(folder / "digits" / f"{digit}_ann_0.wav", 0.2 + digit / 100, 8000)
        about = {"id": f"{digit}_ann_0", "audio": f"digits/{digit}_ann_0.wav"}
        records.append({**about, "digit": digit, "speaker": "ann"})
    _lines(folder / "digits.jsonl", records)
    said = {"a_snt1": "THE MILL STANDS BESIDE THE QUIET RIVER", "a_snt2": "NOBODY KNOWS WHO PAINTED THE DOOR"}
    (folder / "asr" / "ASR_train.json").write_text(json.dumps({name: {"wrd": text} for name, text in said.items()}))
    for name in said:
        _tone(folder / "asr" / f"{name}.wav", 1.0, 16000)


def _tone(path: Path, seconds: float, rate: int) -> None:
    count = round(seconds * rate)
    samples = b"".join(round(9000 * math.sin(at * 0.3)).to_bytes(2, "little", signed=True) for at in range(count))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples)
