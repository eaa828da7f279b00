"""Good files of every form that can be imported, made here: what tests and fuzzing start from."""

import io
import json
import zipfile
from collections.abc import Callable, Iterable
from typing import Any

import transcribe

TURNS = (
    ("Ann", "We tried the lift. It helps, f.eks. i senga."),
    ("Bo", "Not me: I was ill – «altså», é."),
    ("Ann", "Hvor lenge? Ten weeks"),
    ("Åse Lie", "And then? [laughs] 12:30 we left."),
)


def _clock(seconds: int, mark: str = ".") -> str:
    return f"00:00:{seconds:02}{mark}500"


def _cues(mark: str, voice: str) -> str:
    return "".join(
        f"{at}\n{_clock(at, mark)} --> {_clock(at + 2, mark)}\n{voice.format(who)}{text}\n\n"
        for at, (who, text) in enumerate(TURNS)
    )


def _lines(form: str) -> str:
    return "".join(form.format(who, at, text) for at, (who, text) in enumerate(TURNS))


def _data(*values: object) -> list[bytes]:
    return [json.dumps(value, ensure_ascii=False).encode() for value in values]


def _whisper() -> dict[str, Any]:
    return {
        "text": "", "language": "no",
        "segments": [
            {"start": at, "end": at + 1.5, "text": f" {text}", "speaker": who,
             "words": [{"word": f" {one}", "start": at, "end": at + 0.2, "probability": 0.5}
                       for one in text.split()]}
            for at, (who, text) in enumerate(TURNS)
        ],
    }  # fmt: skip


def _fokus() -> bytes:
    turns = tuple(
        transcribe.Turn(
            who, (transcribe.Sentence(text, at, at + 1.0, (transcribe.Word("We", at, at, 0.5),)),)
        )
        for at, (who, text) in enumerate(TURNS)
    )
    return transcribe.write_json(transcribe.Transcription("en", turns)).encode()


def zipped(members: Iterable[tuple[str, bytes]]) -> bytes:
    """Make a ZIP file."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members:
            file.writestr(name, data)
    return made.getvalue()


def docx(body: str) -> bytes:
    """Make the least Word file around the XML of a body."""
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    xml = f'<w:document xmlns:w="{space}"><w:body>{body}</w:body></w:document>'
    return zipped([("word/document.xml", xml.encode())])


def odt(body: str) -> bytes:
    """Make the least OpenDocument text around the XML of a body."""
    space = "urn:oasis:names:tc:opendocument:xmlns"
    spaces = f'xmlns:office="{space}:office:1.0" xmlns:text="{space}:text:1.0"'
    xml = f"<office:document {spaces}><office:body>{body}</office:body></office:document>"
    return zipped([("content.xml", xml.encode())])


def pdf(text: str) -> bytes:
    """Make a PDF of one page by hand."""
    content = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET".encode("latin-1")
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R"
        b"/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(content), content),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
    ]
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj%sendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"trailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % len(out)
    return out + b"xref\n0 6\n0000000000 65535 f \n" + table + end


def _words_xml(tag: str, paragraph: str) -> str:
    return "".join(
        f"<{paragraph}>{tag.format(f'{who}: {text}')}</{paragraph}>" for who, text in TURNS
    )


def _xlsx() -> bytes:
    from transcribe.excel import Sheet, write_workbook

    rows = tuple((who, at, text) for at, (who, text) in enumerate(TURNS))
    header = ("Pseudonym", "Years", "Text")
    return write_workbook("Bench", [Sheet("Answers", header, rows, (10, 10, 40))])


_RICH_ODT = (
    "<text:h>Field notes</text:h><text:p>Ann  0:01<text:line-break/>We<text:s text:c='3'/>tried."
    "<text:note><text:p>n</text:p></text:note><office:annotation><text:p>c</text:p>"
    "</office:annotation></text:p><text:list><text:list-item><text:p>Bo  0:05<text:tab/>No."
    "</text:p></text:list-item></text:list><text:table><text:table-row><text:table-cell>"
    "<text:p>Ann</text:p></text:table-cell><text:table-cell><text:p>Hm.</text:p>"
    "</text:table-cell></text:table-row></text:table>"
)
_RICH_DOCX = (
    "<w:p><w:r><w:t>Ann   0:01</w:t><w:br/><w:t>We tried.</w:t><w:tab/><w:noBreakHyphen/></w:r>"
    "<w:del><w:r><w:delText>x</w:delText></w:r></w:del><w:r><w:footnoteReference w:id='1'/></w:r>"
    "<w:sdt><w:p><w:r><w:t>box</w:t></w:r></w:p></w:sdt></w:p><w:tbl><w:tr><w:tc><w:p><w:r>"
    "<w:t>Bo</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>No.</w:t></w:r></w:p></w:tc></w:tr>"
    "</w:tbl><w:p><w:r><w:t>0:0:0.0 --&gt; 0:0:4.2</w:t><w:br/><w:t>Ann</w:t></w:r></w:p>"
)


SEEDS: dict[str, Callable[[], list[bytes]]] = {
    "vtt": lambda: [
        f"WEBVTT\n\n{_cues('.', voice)}".encode() for voice in ("<v {}>", "{}: ")
    ],
    "srt": lambda: [_cues(",", voice).encode() for voice in ("[{}]: ", "{}: ", "")],
    "txt": lambda: [
        _lines(form).encode()
        for form in ("{0}: {2}\n\n", "{}  0:0{}\n{}\n\n", "[00:0{1}] {0}: {2}\n", "{0}\t{2}\n",
                     "SPEAKER_0{1}\n[00:00:0{1}] - {2}\n", "{2}\n")
    ],
    "md": lambda: [f"---\na: b\n---\n# Notes\n\n{_lines('**{0}:** {2}' + chr(10) * 2)}".encode()],
    "html": lambda: [f"<html><body>{_lines('<p>{}: [00:0{}] {}</p>')}</body></html>".encode()],
    "otr": lambda: _data({
        "text": _lines("<p><span class='timestamp' data-timestamp='{1}.5'>x</span>{0}: {2}</p>"),
        "media": "a.mp3", "media-time": 3,
    }),
    "json": lambda: _data(
        _whisper(),
        [{"session_id": "a", "speaker": who, "start_time": at, "end_time": at + 1, "words": text}
         for at, (who, text) in enumerate(TURNS)],
        {"transcription": [{"offsets": {"from": 0, "to": 900}, "text": text} for _, text in TURNS]},
    ) + [_fokus()],
    "rttm": lambda: [
        _lines("SPEAKER a 1 {1}.0 1.5 <NA> <NA> {0} <NA> <NA>\n").replace("e L", "eL").encode()
    ],
    "stm": lambda: [_lines("a 1 {0} {1} {1}.9 {2}\n").replace("e L", "eL").encode()],
    "docx": lambda: [
        docx(_words_xml("<w:r><w:t>{}</w:t></w:r>", "w:p")), docx(_RICH_DOCX),
        transcribe.render(transcribe.read_json(_fokus()), "docx", "Group"),
    ],
    "odt": lambda: [odt(_words_xml("<text:span>{}</text:span>", "text:p")), odt(_RICH_ODT)],
    "pdf": lambda: [pdf("Ann: We tried it. Bo: p\u00e5 m\u00f8tet.")],
    "xlsx": lambda: [_xlsx()],
}  # fmt: skip
