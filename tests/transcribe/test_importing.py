"""A stranger's file becomes turns and sentences, and what was not understood is told."""

import io
import json
from dataclasses import replace

import pytest

from bench.good_files import docx, odt, pdf
from secure_storage import BadInput
from transcribe import (
    UNKNOWN,
    Preview,
    Sentence,
    Transcription,
    Turn,
    Word,
    read_import,
    render,
)
from transcribe.importing.child import read
from transcribe.importing.parsed import Kind


def look(text: str | bytes, ending: str, kind: Kind | None = None, language: str = "en") -> Preview:
    """Read as the guarded child does, without the child."""
    data = text.encode() if isinstance(text, str) else text
    return read(io.BytesIO(data), ending, language, kind)


def said(preview: Preview) -> list[tuple[str, list[str]]]:
    turns = preview.transcription.turns
    return [(turn.speaker, [one.text for one in turn.sentences]) for turn in turns]


def times(preview: Preview) -> list[tuple[float | None, float | None]]:
    turns = preview.transcription.turns
    return [(one.start, one.end) for turn in turns for one in turn.sentences]


def noted(preview: Preview) -> str:
    return "\n".join(f"{note.place}: {note.said} {note.text}" for note in preview.notes)


def cues(*lines: str) -> str:
    body = "".join(
        f"00:00:{2 * n:02}.000 --> 00:00:{2 * n + 2:02}.000\n{line}\n\n"
        for n, line in enumerate(lines)
    )
    return f"WEBVTT\n\n{body}"


TALK = [("Ann", ["We tried it.", "It helps."]), ("Bo", ["Not me."])]
"""What the examples of every form say."""


# ---- in the child -----------------------------------------------------------------------


def test_a_file_is_read_in_a_process_of_its_own() -> None:
    preview = read_import(cues("<v Ann>We tried it. It helps.", "<v Bo>Not me.").encode(), "a.VTT")
    assert said(preview) == TALK
    assert (preview.form, preview.encoding, preview.kind) == ("WebVTT", "UTF-8", "transcript")
    assert preview.notes == ()


@pytest.mark.parametrize(
    ("data", "name", "message"),
    [
        (b"RIFF....", "a.vtt", "WEBVTT"),
        (b"WEBVTT\n\n", "a.vtt", "no text"),
        (b"hello", "talk.exe", "Save it as one of"),
        (b"hello", "a.docx", "no .docx file"),
        (b"x" * (20 << 20) + b"x", "a.txt", "too large"),
        (b"\x00\x01\x02\x03\x04" * 50, "a.txt", "no text"),
        (b"PK\x03\x04broken", "a.docx", "damaged"),
        (b"%PDF-1.4 broken", "a.pdf", "damaged"),
        (b"{\\rtf1 hello}", "a.txt", "RTF"),
        (b'{"a":' + b"[" * 100_000, "a.json", "JSON"),
    ],
)
def test_what_is_wrong_is_said(data: bytes, name: str, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        if data.startswith(b"RIFF") or len(data) > 1 << 20 or name == "talk.exe":
            read_import(data, name)
        else:
            look(data, name.rpartition(".")[2])


# ---- WebVTT and SubRip ------------------------------------------------------------------


def test_a_cue_of_two_sentences_is_two_to_code() -> None:
    read = look(cues("<v P7>Yes, I know that frame. She does tell me."), "vtt")
    assert said(read) == [("P7", ["Yes, I know that frame.", "She does tell me."])]
    (_, first), (second, last) = times(read)
    assert first is not None and second is not None
    assert 0.5 < second < 2.0 == last


def test_a_sentence_over_two_cues_is_one() -> None:
    read = look(cues("<v Ann>We said that", "<v Ann>it would help. But no.", "<v Bo>Mm."), "vtt")
    assert said(read) == [("Ann", ["We said that it would help.", "But no."]), ("Bo", ["Mm."])]


def test_without_any_full_stop_each_cue_stands_alone() -> None:
    read = look(cues("<v Ann>we said that", "<v Ann>it would help"), "vtt")
    assert said(read) == [("Ann", ["we said that", "it would help"])]


def test_norwegian_abbreviations_do_not_cut() -> None:
    read = look(cues("<v Kari>Vi brukte f.eks. nettbrett. Det gikk fint."), "vtt", language="no")
    assert said(read) == [("Kari", ["Vi brukte f.eks. nettbrett.", "Det gikk fint."])]


def test_vtt_of_other_programs() -> None:
    text = (
        "\ufeffWEBVTT - title\r\n\r\nSTYLE\r\n::cue { color: red }\r\n\r\n"
        "intro\r\n00:01.000 --> 00:02.500 align:start\r\n<v.loud Anne Lie><i>Hello</i> there\r\n"
        "you.</v>\r\n\r\nNOTE nothing\r\nat all\r\n\r\n"
        "00:03.000 --> 00:04.000\r\n<v Anne Lie>Is 3 &lt; 4?</v>\r\n\r\n"
        "00:05.000 --> 00:06.000\r\n<v Bo>One.</v> <v Cy>Two.</v>\r\n\r\n"
        "00:07.000 --> 00:08.000\r\nNobody&#39;s.\r\n"
    )
    assert said(look(text, "vtt")) == [
        ("Anne Lie", ["Hello there you.", "Is 3 < 4?"]), ("Bo", ["One."]), ("Cy", ["Two."]),
        (UNKNOWN, ["Nobody's."]),
    ]  # fmt: skip


def test_zoom_names_stand_before_the_text() -> None:
    text = cues("Ann Lie: We tried it.", "Bo: Not me: I was ill.", "Ann Lie: It helps.")
    assert said(look(text, "vtt")) == [
        ("Ann Lie", ["We tried it."]), ("Bo", ["Not me: I was ill."]), ("Ann Lie", ["It helps."]),
    ]  # fmt: skip


def test_subrip_with_names_and_with_two_voices_in_one_cue() -> None:
    text = (
        "1\n00:00:01,000 --> 00:00:04,000\n<b>[SPEAKER_00]:</b> We tried\nit. It helps.\n\n"
        "2\n00:00:04,000 --> 00:00:06,000\n[SPEAKER_01]: Not me.\n[SPEAKER_00]: No?\n"
    )
    read = look(text, "srt")
    assert said(read) == [
        ("SPEAKER_00", ["We tried it.", "It helps."]), ("SPEAKER_01", ["Not me."]),
        ("SPEAKER_00", ["No?"]),
    ]  # fmt: skip
    assert times(read)[0][0] == 1.0


def test_cues_without_blank_lines_between() -> None:
    text = "1\n00:00:01,000 --> 00:00:02,000\nOne.\n2\n00:00:02,000 --> 00:00:03,000\nTwo.\n"
    assert said(look(text, "srt")) == [(UNKNOWN, ["One.", "Two."])]


def test_overlapping_backward_impossible_and_missing_times_are_kept_and_told() -> None:
    text = (
        "WEBVTT\n\n00:00:01.000 --> 00:00:05.000\n<v Ann>One.\n\n"
        "00:00:04.000 --> 00:00:06.000\n<v Bo>Two.\n\n"
        "00:00:02.000 --> 00:00:03.000\n<v Ann>Three.\n\n"
        "00:00:09.000 --> 00:00:07.000\n<v Bo>Four.\n\n"
        "00:0x:09.000 --> 00:00:07.000\n<v Ann>Five.\n\n"
        "<v Bo>Six.\n"
    )
    read = look(text, "vtt")
    assert [one for _, every in said(read) for one in every] == [
        "One.", "Two.", "Three.", "Four.", "Five.", "Six.",
    ]  # fmt: skip
    assert times(read)[:3] == [(1.0, 5.0), (4.0, 6.0), (2.0, 3.0)]
    assert times(read)[3][0] == 9.0
    assert times(read)[4:] == [(None, None), (None, None)]
    for told in (
        "line 7: Begins before", "line 10: Begins earlier", "line 13: Its times cannot be right",
        "line 15: The times cannot be read", "line 18: Text without times", "2 of 6 pieces",
    ):  # fmt: skip
        assert told in noted(read)


# ---- text, Word, OpenDocument, Markdown, PDF --------------------------------------------

TEXTS = {
    "names": "Ann: We tried it. It helps.\n\nBo: Not me.\n\nAnn: No?\n",
    "names alone": "Ann:\nWe tried it.\nIt helps.\n\nBo:\nNot me.\n\nAnn:\nNo?\n",
    "bold": "**Ann:** We tried it. It helps.\n\n**Bo:** Not me.\n\n**Ann:** No?\n",
    "otter": "Ann  0:00\nWe tried it. It helps.\n\nBo  0:05\nNot me.\n\nAnn  0:09\nNo?\n",
    "teams": "Ann   0:00\vWe tried it. It helps.\vBo   0:05\vNot me.\vAnn   0:09\vNo?",
    "fokus": "[0:00:00] Ann: We tried it. It helps.\n\n[0:00:05] Bo: Not me.\n\n[0:00:09] Ann: No?",
    "noscribe": "Ann: [00:00:00] We tried it. It helps.\n\nBo: [00:00:05] Not me.\n\n"
    "Ann: [00:00:09] No?",
    "between": "Ann (00:00): We tried it. It helps.\nBo (00:05): Not me.\nAnn (00:09): No?",
    "tabs": "0:00\tAnn\tWe tried it. It helps.\n0:05\tBo\tNot me.\n0:09\tAnn\tNo?",
}


@pytest.mark.parametrize("way", TEXTS)
def test_names_in_text(way: str) -> None:
    read = look(TEXTS[way], "txt")
    assert said(read) == [*TALK, ("Ann", ["No?"])]
    assert read.kind == "transcript"
    if ":0" in TEXTS[way]:
        assert [start for start, _ in times(read)][::2] == [0.0, 5.0]
        assert times(read)[2] == (5.0, 9.0)


def test_atrain_writes_the_label_in_a_line_of_its_own_and_times_within() -> None:
    lines = "SPEAKER_00\n[00:00:00] - We tried it. [00:00:02] - It helps.\n\n"
    read = look(f"Transcription for a.mp3\n\n{lines}SPEAKER_01\n[00:00:05] - Not me.\n\n"
                f"{lines}SPEAKER_01\n[00:00:09] - Mm.\n", "txt")  # fmt: skip
    assert said(read)[:3] == [
        (UNKNOWN, ["Transcription for a.mp3"]), ("SPEAKER_00", ["We tried it.", "It helps."]),
        ("SPEAKER_01", ["Not me."]),
    ]  # fmt: skip
    assert times(read)[1:4] == [(0.0, 2.0), (2.0, 5.0), (5.0, times(read)[3][1])]


def test_who_is_a_guest_or_rang_in_is_a_speaker_and_teams_own_lines_are_not_said() -> None:
    text = (
        "Group-20260615-Meeting Transcript\nBo Moe started transcription\nAnn Lie (Guest)   0:03\n"
        "We tried it.\n+47 *** ** 123   0:05\nMe too.\nBo Moe   1:03:00\nGood.\n"
        "Bo Moe stopped transcription\n"
    )
    read = look(text, "txt")
    assert said(read)[1:] == [
        ("Ann Lie (Guest)", ["We tried it."]), ("+47 *** ** 123", ["Me too."]),
        ("Bo Moe", ["Good."]),
    ]  # fmt: skip
    assert "line 9: Written by a program" in noted(read)
    assert times(read)[2] == (5.0, 5.0 + 5 + len("Me too.") / 4)  # not for an hour


def test_pronouns_and_roles_behind_names() -> None:
    zoom = cues("Ann Lie: We tried it.", "Ann Moe (she/her): Not me.")
    assert said(look(zoom, "vtt")) == [
        ("Ann Lie", ["We tried it."]), ("Ann Moe (she/her)", ["Not me."])
    ]  # fmt: skip
    roles = look("Ann (moderator): And?\n\nP1 (man, 45): Not me.\n\nAnn (moderator): No?\n", "txt")
    assert [name for name, _ in said(roles)] == [
        "Ann (moderator)", "P1 (man, 45)", "Ann (moderator)"
    ]  # fmt: skip


def test_times_of_the_day_as_zoom_saves_them_are_counted_from_the_first() -> None:
    read = look(
        "[Ann Lie] 14:02:11\nWe tried it.\n\n[Bo] 14:02:20\nNot me.\n\n[Ann Lie] 14:02:29\nNo?\n",
        "txt",
    )
    assert said(read) == [("Ann Lie", ["We tried it."]), ("Bo", ["Not me."]), ("Ann Lie", ["No?"])]
    assert [start for start, _ in times(read)] == [0.0, 9.0, 18.0]
    assert "times are those of the day" in noted(read)


def test_otter_s_last_line_is_nobody_s_word() -> None:
    text = TEXTS["otter"] + "\n\nTranscribed by https://otter.ai\n"
    assert said(look(text, "txt")) == [*TALK, ("Ann", ["No?"])]


def test_what_fokus_wrote_for_reading_comes_back_without_its_marks() -> None:
    heard = tuple(Word(text, at, at + 0.4, 1.0) for text, at in (("Not", 5.0), ("me.", 8.0)))
    turns = (
        Turn("Ann", (Sentence("We tried it.", 0.0, 1.0),)),
        Turn("Bo", (Sentence("Not me.", 5.0, 8.4, heard),)),
        Turn("Ann", (Sentence("No?", 12.0, 13.0),)),
    )
    made = Transcription("en", turns, provenance=(("Model", "a model"), ("Voices", "a model")))
    for form in ("docx", "txt"):
        read = look(render(made, form, "Group"), form)
        assert said(read)[-3:] == [("Ann", ["We tried it."]), ("Bo", ["Not me."]), ("Ann", ["No?"])]
        assert "Marks of pauses" in noted(read)
    theirs = look("Ann: We (3 s) tried.\n\nBo: No.\n\nAnn: No?\n", "txt")
    assert said(theirs)[0] == ("Ann", ["We (3 s) tried."])


def test_subtitles_in_a_text_file_and_in_word_as_teams_once_wrote_it() -> None:
    srt = cues("Ann: We tried it. It helps.", "Bo: Not me.").removeprefix("WEBVTT\n\n")
    assert said(look(srt, "txt")) == TALK
    body = "".join(
        f"<w:p>{run(f'0:0:{at}.0 --> 0:0:{at + 2}.5')}<w:r><w:br/></w:r>{run(name)}"
        f"<w:r><w:br/></w:r>{run(text)}</w:p>"
        for at, name, text in ((0, "Ann", "We tried it. It helps."), (5, "Bo", "Not me."))
    )
    read = look(docx(body), "docx")
    assert said(read) == TALK
    assert times(read)[2] == (5.0, 7.5)


def test_noscribe_names_speakers_twice_in_webvtt_and_keeps_times_in_html() -> None:
    vtt = cues("<v S00>S00: We tried it.", "<v S00>It helps.", "<v S01>S01: Not me.")
    assert said(look(vtt, "vtt")) == [("S00", ["We tried it.", "It helps."]), ("S01", ["Not me."])]
    page = (
        "<p><a name='ts_1000_3000_S00'>S00: We tried it.</a><a name='ts_3000_5000_S00'> It helps."
        "</a></p><p><a name='ts_5000_6000_S01'>S01: Not me.</a></p>"
    )
    read = look(page, "html")
    assert said(read) == [("S00", ["We tried it.", "It helps."]), ("S01", ["Not me."])]
    assert [start for start, _ in times(read)] == [1.0, 3.0, 5.0]


def test_otranscribe() -> None:
    stamp = '<span class="timestamp" data-timestamp="{}">0:0{}</span>'
    body = (
        f"<p>{stamp.format('1.5', 1)}Ann: We tried it.<br />It helps.</p>"
        f"<p>{stamp.format('5', 5)}Bo: Not&nbsp;me.<script>alert(1)</script></p>"
        "<p>Ann: <i>No?</i></p>"
    )
    read = look(json.dumps({"text": body, "media": "a.mp3", "media-time": 9}), "otr")
    assert said(read) == [*TALK, ("Ann", ["No?"])]
    assert times(read)[0][0] == 1.5
    assert times(read)[2][0] == 5.0


def test_html_as_noscribe_writes_it() -> None:
    line = '<p><a name="ts">{}: <span style="color: #78909C">[00:00:0{}]</span> {}</a></p>'
    body = line.format("Ann", 1, "We tried it. It\nhelps.") + line.format("Bo", 5, "Not me.")
    page = f"<!DOCTYPE html><head><title>x</title></head><body>{body}{body}</body>"
    read = look(page, "html")
    assert said(read) == TALK * 2
    assert [start for start, _ in times(read)][:3:2] == [1.0, 5.0]
    with pytest.raises(BadInput, match="HTML"):
        look("<p>Ann: Hi.</p><![x[y]]>", "html")


def test_a_remark_with_a_colon_is_no_speaker_and_is_told() -> None:
    text = TEXTS["names"] + "\nbut remember: it was cold.\n\nSecretary: I wrote it down.\n"
    read = look(text, "txt")
    assert said(read)[2:] == [
        ("Ann", ["No?", "but remember: it was cold."]), ("Secretary", ["I wrote it down."]),
    ]  # fmt: skip
    assert "line 7: Not read as a speaker" in noted(read)
    assert "line 9: Read as a speaker, who speaks only here" in noted(read)


def test_names_that_differ_in_capitals_are_one_speaker() -> None:
    read = look("Ann: One.\n\nBo: Two.\n\nANN: Three.\n\nAnn: Four.\n\nBo: Five.\n", "txt")
    assert [name for name, _ in said(read)] == ["Ann", "Bo", "Ann", "Bo"]
    assert "ANN = Ann" in noted(read)


ABSTRACT = (
    "Background: Care at home is hard.\n\nMethods: We asked. Six groups\n\nResults: It helps.\n"
)


def test_a_structured_abstract_is_a_document_unless_a_person_says_otherwise() -> None:
    read = look(ABSTRACT, "txt")
    assert read.kind == "document"
    assert said(read) == [
        (UNKNOWN, ["Background: Care at home is hard."]),
        (UNKNOWN, ["Methods: We asked.", "Six groups"]), (UNKNOWN, ["Results: It helps."]),
    ]  # fmt: skip
    assert times(read)[0] == (None, None)
    talk = look(ABSTRACT, "txt", "transcript")
    assert [name for name, _ in said(talk)] == ["Background", "Methods", "Results"]
    assert all(name == UNKNOWN for name, _ in said(look(TEXTS["names"], "txt", "document")))
    with pytest.raises(BadInput, match="as a transcript"):
        look(cues("One."), "vtt", "document")


def test_wrapped_lines_are_one_paragraph_and_marks_of_markdown_go() -> None:
    text = (
        "---\ntitle: x\n---\n# Notes\n\nThe nurse came in the morning and we talked about the\n"
        "tablet, which **nobody** had used for a week, see [here](http://a.test).\n\n> Quoted.\n"
    )
    assert said(look(text, "md")) == [
        (UNKNOWN, ["Notes"]),
        (UNKNOWN, ["The nurse came in the morning and we talked about the tablet, which nobody "
                   "had used for a week, see here."]),
        (UNKNOWN, ["Quoted."]),
    ]  # fmt: skip


def run(text: str) -> str:
    return f"<w:r><w:t>{text}</w:t></w:r>"


def test_word_with_names_tables_and_what_is_left_out() -> None:
    row = "".join(f"<w:tc><w:p>{run(one)}</w:p></w:tc>" for one in ("0:09", "Ann", "No?"))
    body = (
        f"<w:p>{run('Ann   0:00')}<w:r><w:br/></w:r>{run('We tried')}{run(' it. It helps.')}</w:p>"
        f"<w:p>{run('Bo   0:05')}<w:del><w:r><w:delText>Gone</w:delText></w:r></w:del></w:p>"
        f"<w:p>{run('Not me.')}<w:r><w:footnoteReference/></w:r></w:p>"
        f"<w:tbl><w:tr>{row}</w:tr></w:tbl>"
    )
    read = look(docx(body), "docx")
    assert said(read) == [*TALK, ("Ann", ["No?"])]
    assert "footnotes, tracked changes" in noted(read)
    assert [start for start, _ in times(read)][::2] == [0.0, 5.0]


def test_opendocument_text() -> None:
    body = (
        "<text:h>Field notes</text:h><text:p>We <text:span>tried</text:span> it."
        "<text:s text:c='999999999999'/>It helps.<text:note>no</text:note></text:p>"
        "<office:annotation><text:p>a comment</text:p></office:annotation>"
        "<text:list><text:list-item><text:p>One<text:tab/>two<text:line-break/>three</text:p>"
        "</text:list-item></text:list>"
    )
    read = look(odt(body), "odt")
    assert said(read) == [
        (UNKNOWN, ["Field notes"]), (UNKNOWN, ["We tried it.", "It helps."]),
        (UNKNOWN, ["One two"]), (UNKNOWN, ["three"]),
    ]  # fmt: skip
    assert "comments, footnotes" in noted(read)


def test_a_pdf_gives_its_paragraphs() -> None:
    read = read_import(pdf("Vi savner kaffe på møtet."), "article.pdf", "no")
    assert said(read) == [(UNKNOWN, ["Vi savner kaffe på møtet."])]
    assert (read.kind, read.form) == ("document", "PDF")


# ---- data -------------------------------------------------------------------------------


def test_whisper_json_keeps_the_times_of_its_words() -> None:
    words = [
        {"word": f" {text}", "start": at / 2, "end": at / 2 + 0.4, "probability": 0.5}
        for at, text in enumerate(["We", "tried", "it.", "It", "helps."])
    ]
    segments = [
        {"start": 0.0, "end": 3.0, "text": " We tried it. It helps.", "words": words,
         "speaker": "Ann"},
        {"start": 3.0, "end": 4.0, "text": " Not me.", "speaker": "Bo"},
        {"start": 4.0, "end": 5.0, "txt": "lost"}, "nonsense",
    ]  # fmt: skip
    read = look(json.dumps({"text": "", "segments": segments, "language": "da"}), "json")
    assert said(read) == TALK
    first = read.transcription.turns[0].sentences[0]
    assert first.words[1] == Word("tried", 0.5, 0.9, 0.5)
    assert (first.start, first.end) == (0.0, 1.4)
    assert "entry 3: No text" in noted(read) and "entry 4: No text" in noted(read)
    assert "another than the one chosen. da" in noted(read)


def test_words_whose_times_cannot_be_right_keep_the_segment_s_times() -> None:
    words = [{"word": "Not", "start": -1.0, "end": 0.5}, {"word": "me.", "start": 0.5, "end": 1e9}]
    segment = {"start": 3.0, "end": 4.0, "text": "Not me.", "words": words}
    read = look(json.dumps({"segments": [segment]}), "json")
    assert times(read) == [(3.0, 4.0)]
    assert "times of its words" in noted(read)


def test_whisper_cpp_counts_in_milliseconds() -> None:
    entries = [{"offsets": {"from": 1000, "to": 2500}, "text": " Not me."}]
    assert times(look(json.dumps({"transcription": entries}), "json")) == [(1.0, 2.5)]


def test_seglst() -> None:
    entries = [
        {"session_id": "a", "speaker": name, "start_time": str(at), "end_time": at + 1,
         "words": " ".join(texts)}
        for at, (name, texts) in enumerate(TALK)
    ]  # fmt: skip
    assert said(look(json.dumps(entries), "json")) == TALK
    with pytest.raises(BadInput, match="2 recordings"):
        look(json.dumps([*entries, {"session_id": "b", "words": "x", "speaker": "C"}]), "json")


HEARD = (
    Word("We", 0.0, 0.5, 0.9, "Ann", 0.4),
    Word("tried", 0.5, 1.0, 0.9),
    Word("it.", 1.0, 1.5, 1),
)
OWN = Transcription(
    "en",
    (
        Turn("Ann", (Sentence("We tried it.", 0.0, 1.5, HEARD), Sentence("It helps.", 1.5, 3.0))),
        Turn("Bo", (Sentence("Not me.", 3.0, 4.0),)),
    ),
    provenance=(("Recognition", "test"),),
)


def test_fokus_json_comes_back_as_it_went() -> None:
    assert look(render(OWN, "json", "t"), "json").transcription == OWN


@pytest.mark.parametrize("form", ["vtt", "srt", "txt", "docx", "stm"])
def test_our_own_forms_come_back(form: str) -> None:
    talk = replace(OWN, turns=(*OWN.turns, Turn("Ann", (Sentence("No?", 4.0, 5.0),))))
    read = look(render(talk, form, "Group"), form)
    turns = said(read)
    if form == "docx":  # its title and how it was made stand around the talk
        assert turns[0] == (UNKNOWN, ["Group"])
        turns = [*turns[1:3], ("Ann", turns[3][1][:1])]
    assert turns == [*TALK, ("Ann", ["No?"])]


@pytest.mark.parametrize("change", [
    '"text":"Not me."/"text":["Not me."]', '"start":3.0/"start":"x"', '"end":4.0/"end":NaN',
    '"speaker":"Bo"/"speaker":null', '"Recognition"/7', '"version":1/"version":99',
])  # fmt: skip
def test_fokus_json_of_other_types_is_refused(change: str) -> None:
    before, _, after = change.partition("/")
    with pytest.raises(BadInput, match="JSON"):
        look(render(OWN, "json", "t").decode().replace(before, after, 1), "json")


def test_rttm_gives_turns_to_type_into() -> None:
    read = look("SPEAKER a 1 0.0 2.5 <NA> <NA> Ann <NA> <NA>\nSPEAKER a 1 x\n"
                "SPEAKER a 1 2.5 1 <NA> <NA> Bo <NA> <NA>\n", "rttm")  # fmt: skip
    assert said(read) == [("Ann", ["…"]), ("Bo", ["…"])]
    assert times(read) == [(0.0, 2.5), (2.5, 3.5)]
    assert [span.speaker for span in read.transcription.spans] == ["Ann", "Bo"]
    assert "line 2: This line cannot be read." in noted(read)


# ---- letters and lengths ----------------------------------------------------------------

NORWEGIAN = "Ann: Vi så på nettbrettet, og det gikk – ganske bra.\n\nBo: «Ja», sa jeg, én gang.\n"


@pytest.mark.parametrize(
    ("encoding", "name"),
    [("utf-8", "UTF-8"), ("utf-8-sig", "UTF-8"), ("utf-16", "UTF-16"), ("utf-16-le", "UTF-16"),
     ("utf-16-be", "UTF-16"), ("utf-32", "UTF-32"), ("cp1252", "Windows-1252"),
     ("latin-1", "Windows-1252"), ("mac_roman", "Mac Roman")],
)  # fmt: skip
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=repr)
def test_encodings_and_line_ends(encoding: str, name: str, end: str) -> None:
    text = NORWEGIAN.replace("–", "-") if encoding == "latin-1" else NORWEGIAN
    text += "\nAnn: Øl og ærlighet.\n"
    read = look(text.replace("\n", end).encode(encoding), "txt", language="no")
    assert read.encoding == name
    first = text.splitlines()[0].removeprefix("Ann: ")
    assert said(read) == [
        ("Ann", [first]), ("Bo", ["«Ja», sa jeg, én gang."]), ("Ann", ["Øl og ærlighet."])
    ]  # fmt: skip
    assert ("The encoding is a guess" in noted(read)) == (name in ("Windows-1252", "Mac Roman"))


def test_a_letter_that_windows_does_not_have_makes_it_latin_1() -> None:
    assert look(b"S\xe5 fint p\xe5 m\xf8tet.\x81 Bl\xe5b\xe6r.", "txt").encoding == "Latin-1"


def test_damage_in_utf8_is_told() -> None:
    data = ("blåbær og rømme " * 20).encode() + b"\xe5." + "Så på nå.".encode()[:-2]
    read = look(data, "txt")
    assert read.encoding == "UTF-8"
    assert "2 places" in noted(read)


def test_no_control_characters_and_no_lone_surrogates_come_in() -> None:
    data = json.dumps(
        {"segments": [{"start": 1e400, "end": 1, "text": "a\ud800\x00b\u0007 a\u030a"}]}
    )
    read = look(data, "json")
    assert said(read) == [(UNKNOWN, ["ab å"])]


@pytest.mark.parametrize(
    "line", ["We said it helps. " * 16_700, "we said it helps " * 17_700, "a" * 300_000,
             "(" * 300_000, "[00:01] " * 37_500 + "x", f"a{' ' * 300_000}b"],
    ids=["prose", "no stops", "one word", "brackets", "stamps", "spaces"],
)  # fmt: skip
def test_300_000_characters_on_one_line(line: str) -> None:
    read = look(f"Ann: {line}\n\nBo: Mm.\n\nAnn: Yes.\n", "txt")
    every = [one for _, texts in said(read) for one in texts]
    assert max(map(len, every)) <= 1000
    if "[" not in line:
        assert "".join("".join(every).split()).startswith("".join(line.split()))
