// Typing: the keys while a text is open, and the desk on which a transcript is written from
// scratch, sentence by sentence, with times from the sound.

import { newPlace, nowCalled } from "./acts.js"
import { button, clock, make } from "./dom.js"
import { fitField } from "./editor.js"
import { keyName } from "./help.js"
import { tidy } from "./lines.js"
import { MARKS, putMark } from "./marks.js"
import { badge } from "./speakers.js"

/** Keys that work in every text field: rows as in the map of keys, act(field, editor). */
export function fieldKeys(view) {
  const marks = MARKS.map(({ key, does, ...mark }) =>
    [[`Ctrl+${key}`], `Ctrl ${key}`, does, (field) => putMark(field, mark)],
  )
  return [
    [["F4", "Ctrl+ "], "F4 or Ctrl space", "play, or pause", () => view.player.toggle()],
    [["F2", "Ctrl+,"], "F2 or Ctrl ,", "two seconds back", () => view.player.back()],
    [["Ctrl+j"], "Ctrl j", "it begins where the sound is now", (field, { stamp }) => stamp()],
    ...marks,
  ]
}

/** Keys in the text of a line, besides those of every field. */
export function lineKeys(view) {
  return [
    [["Ctrl+Enter"], "Ctrl Enter", "split the sentence here", (field, line) => split(view, field, line)],
    [["Ctrl+Shift+Enter"], "Ctrl Shift Enter", "split the turn here", (field, line) => split(view, field, line, true)],
    [["Backspace"], "⌫ at the start", "merge with the sentence before", (field, line) => join(view, field, line, -1)],
    [["Delete"], "Del at the end", "merge with the next", (field, line) => join(view, field, line, 1)],
  ]
}

/** Whether a key was one of ours, in the text of a line. */
export function taken(view, event, field, line) {
  const rows = line.verbatim ? view.fieldKeys : [...lineKeys(view), ...view.fieldKeys]
  const found = rows.find(([keys]) => keys.includes(keyName(event)))
  if (!found || event.altKey) return false
  return found[3](field, { ...line, stamp: () => view.stamp(line.id) }) !== false
}

function split(view, field, { id, save }, turn = false) {
  const before = [...tidy(field.value.slice(0, field.selectionStart))].length
  const after = tidy(field.value.slice(field.selectionStart))
  if (!before || !after) return view.say("Put the cursor between two words to split there.")
  // A correction goes first; the place counts in the text as it is kept.
  if (save() === null) return
  const fresh = view.split(id, before, turn)
  const place = view.places.get(nowCalled(fresh))
  if (place === undefined) return
  view.move(place, false, false) // its text scrolls there
  view.openText(fresh, [0, 0])
}

function join(view, field, { id, save }, by) {
  const { selectionStart: from, selectionEnd: to, value } = field
  const index = view.places.get(nowCalled(id))
  const other = index + by
  if (from !== to || from !== (by < 0 ? 0 : value.length)) return false
  if (other < 0 || other >= view.rows.length) return false
  if (save() === null) return
  const [first, last] = [Math.min(index, other), Math.max(index, other)]
  const kept = view.sentences[first]
  const letters = [...kept.text].length
  view.merge(first, last)
  if (view.places.has(view.sentences[last]?.id) && view.sentences[first].text === kept.text) return
  view.move(first, false, false)
  view.openText(kept.id, [letters, letters])
}

/** Where new sentences are typed: below the current line, or at the end. */
export class Desk {
  constructor(view) {
    this.view = view
    this.speaker = null
    this.who = make("span", { class: "who" })
    this.since = make("span", { class: "time" })
    this.field = make("textarea", {
      class: "editor", rows: "1", "aria-label": "New sentence", spellcheck: "false",
      placeholder: "Type what you hear. Enter keeps the sentence and its time.",
      oninput: () => fitField(this.field), onkeydown: (event) => this.key(event),
    })
    const hint = "Alt 1 to 9: who speaks. F4 plays or pauses, F2 goes two seconds back, Ctrl j: it begins now."
    this.element = make(
      "div", { class: "desk", hidden: true, role: "group", "aria-label": "Type new sentences" },
      make("div", { class: "line" }, this.since, this.who, button("Close", () => this.close())),
      this.field, make("div", { class: "hint" }, `${hint} Esc closes.`),
    )
  }

  open() {
    const { view } = this
    if (!view.open) return view.refuse()
    const line = view.sentences[view.current]
    this.after = line?.id ?? null
    this.speaker = line?.speaker ?? [...view.speakers.keys()][0] ?? null
    this.start = line ? line.end : 0
    this.element.hidden = false
    this.draw()
    this.field.focus({ preventScroll: true })
  }

  close() {
    if (this.element.hidden) return
    this.element.hidden = true
    this.view.list.focus({ preventScroll: true })
  }

  draw() {
    const { view } = this
    this.since.textContent = this.timed && this.start !== null ? `from ${clock(this.start)}` : ""
    this.speaker = nowCalled(this.speaker)
    const name = this.speaker < 0 ? "New speaker" : view.voice({ speaker: this.speaker })
    this.who.replaceChildren(badge(view, this.speaker), name)
  }

  get timed() {
    return this.view.player.parts.length > 0
  }

  key(event) {
    event.stopPropagation()
    const digit = event.altKey && /^Digit([1-9])$/.exec(event.code)
    const found = this.view.fieldKeys.find(([keys]) => keys.includes(keyName(event)))
    if (digit) this.choose(Number(digit[1]))
    else if (event.key === "Escape") this.close()
    else if (event.key === "Enter") this.keep()
    else if (found && !event.altKey) found[3](this.field, { stamp: () => this.stamp() })
    else return
    event.preventDefault()
  }

  /** Let the speaker on a digit speak; the next free digit is a new speaker. */
  choose(digit) {
    const { view } = this
    this.speaker = [...view.speakers.keys()][digit - 1] ?? newPlace()
    if (this.speaker < 0) {
      view.act({ act: "new_speaker", newSpeaker: this.speaker }, () => ({ label: "" }), {
        done: () => this.draw(),
      })
    }
    this.draw()
  }

  stamp() {
    this.start = this.view.player.now
    this.draw()
  }

  /** Keep what was typed as a sentence, and go on behind it. */
  keep() {
    const { view } = this
    const text = tidy(this.field.value)
    if (!text) return
    const end = this.timed ? Math.max(view.player.now, (this.start ?? 0) + 0.1) : null
    this.field.value = ""
    fitField(this.field)
    this.put(text, this.timed ? (this.start ?? 0) : null, end)
    this.start = end
    this.draw()
  }

  put(text, start, end) {
    const { view, after } = this
    const speaker = nowCalled(this.speaker)
    const temp = newPlace()
    const before = view.lineOf(after)
    const turn = before?.speaker === speaker ? { turn: before.turn } : { newTurn: newPlace() }
    view.act({ act: "insert", after, text, start, end, speaker, ...turn, temp }, () => ({
      after: nowCalled(after), text, start, end, speaker: nowCalled(speaker),
    }), { failed: (error) => this.refused(after, text, error) })
    this.after = temp
    view.move(view.places.get(nowCalled(temp)) ?? 0)
  }

  /** What was typed comes back into the field, before what was typed since. */
  refused(after, text, error) {
    // What stood behind another that was refused goes where that one would have.
    if (after === null || nowCalled(after) >= 0) this.after = after
    this.element.hidden = false
    this.field.value = tidy(`${text} ${this.field.value}`)
    fitField(this.field)
    this.view.say(`Not saved: ${error.message} What you typed stands below.`, true)
    return true
  }
}
