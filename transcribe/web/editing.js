// The page Transcript: everything that can be done to a transcript. The modules beside this
// one do parts of it: texts (editor.js, typing.js), speakers, finding, the strip of sound.

import { newPlace, nowCalled, send, versionOf } from "./acts.js"
import { button, make } from "./dom.js"
import { face } from "./face.js"
import { findPlaces } from "./finding.js"
import { showKeys } from "./help.js"
import { turnAround } from "./lines.js"
import { doubtful, doubtNote, doubtsBelow } from "./marks.js"
import { askedNote, questionMenu } from "./questions.js"
import { badge, give, speakerMenu } from "./speakers.js"
import { Transcript } from "./transcript.js"
import { Desk, fieldKeys, lineKeys, taken } from "./typing.js"
import { Strip } from "./wave.js"

const FIRST_TIME = 0.05 // seconds: the least that a sentence lasts when a person sets its times

class Editor extends Transcript {
  build() {
    super.build()
    this.fieldKeys = fieldKeys(this)
    this.strip = new Strip(this)
    this.bar.after(this.strip.element)
    this.desk = new Desk(this)
    this.main.append(this.desk.element)
    const tool = (label, does, act, name) =>
      button(label, act, { title: does, "aria-label": does, "data-act": name })
    const finding = [
      tool("Doubt", "Next doubtful place (d)", () => this.doubt(1), "doubt"),
      tool("Find", "Find and replace (f)", () => this.find(), "find"),
    ]
    if (!this.data.may_edit) return this.tools.prepend(...finding)
    this.undoTool = tool("↶", "Undo your last act (u)", () => this.undo(), "undo")
    this.redoTool = tool("↷", "Do it again (Shift u)", () => this.redo(), "redo")
    this.tools.prepend(
      this.undoTool, this.redoTool, ...finding,
      tool("Speaker", "Whose words these are (w)", () => this.whose(), "speaker"),
      tool("Type", "Type new sentences below this one (o)", () => this.desk.open(), "type"),
    )
  }

  get emptyText() {
    return this.open
      ? "Nothing is written here yet. Press o to type what you hear; ? shows all keys."
      : "Nothing is written here yet."
  }

  /** Whether this member can change this transcript now. */
  get open() {
    return this.data.may_edit && this.body !== undefined && !this.body.locked
  }

  update(data) {
    if (data.transcript !== this.data.transcript) {
      this.doubtAt = null
      this.closePopup?.()
      this.desk.close()
    }
    super.update(data)
  }

  destroy() {
    super.destroy()
    this.strip.destroy()
  }

  take(body) {
    this.below = doubtsBelow(body.sentences, body.doubts)
    super.take(body)
    this.strip.load(body)
  }

  drawn() {
    this.strip.draw()
    if (!this.undoTool) return
    const [undo, redo] = this.undoable
    this.undoTool.disabled = !undo || !this.open
    this.redoTool.disabled = !redo || !this.open
  }

  drawWho(element, line) {
    element.replaceChildren(badge(this, line.speaker), this.voice(line))
  }

  drawText(index) {
    super.drawText(index)
    const line = this.sentences[index]
    const element = this.rows[index]?.querySelector(".text")
    if (!element || this.editing === line.id) return
    const asked = askedNote(this, line)
    if (asked) element.prepend(asked)
    if (line.verbatim !== null) element.append(make("div", { class: "verbatim" }, `Said: ${line.verbatim}`))
    const at = this.doubtAt?.id === line.id ? this.doubtAt.place - line.weak.length : null
    const doubts = this.below.get(line.id) ?? []
    element.append(...doubts.map((doubt, place) =>
      doubtNote(doubt, place === at, () => this.player.span(doubt.start, doubt.end)),
    ))
  }

  mark(scroll) {
    super.mark(scroll)
    this.strip?.draw()
  }

  // ---- acts --------------------------------------------------------------------------

  /** Send an act, unless the transcript is not to be changed. */
  act(about, fields, more) {
    if (this.open) send(this, about, fields, more)
    else this.refuse()
  }

  refuse() {
    const locked = "This transcript is approved, and so locked. It can be unlocked below."
    this.say(this.data.may_edit ? locked : "Your role can read.", true)
  }

  edit(verbatim = false) {
    const line = this.sentences[this.current]
    if (!this.open) return this.refuse()
    if (!line || this.editing !== null) return
    const weak = this.doubtAt?.id === line.id && !verbatim ? line.weak[this.doubtAt.place] : null
    this.openText(line.id, weak?.slice(0, 2), verbatim)
  }

  typed(event, field, editor) {
    return taken(this, event, field, editor)
  }

  get typingHint() {
    return "Enter saves, Esc leaves it, Ctrl+Enter splits here, F4 plays or pauses; ? in the list shows all keys."
  }

  /** Split a line at `offset` (letters), its turn too if told; gives the new line's id. */
  split(id, offset, turn = false) {
    const temp = newPlace()
    const version = versionOf(this, this.lineOf(id))
    const about = { act: turn ? "split_turn" : "split", sentence: id, offset, temp }
    if (turn) about.newTurn = newPlace()
    this.act(about, () => ({ sentence: nowCalled(id), version: version(), at: offset }))
    return temp
  }

  lineOf(id) {
    return this.sentences[this.places.get(nowCalled(id))]
  }

  /** Put the lines [first, last] together, or a line and the one after it. */
  merge(first, last) {
    const lines = this.sentences.slice(first, last + 1)
    if (lines.length < 2) return this.say("There is nothing to merge with.")
    if (new Set(lines.map((line) => line.speaker)).size > 1) {
      return this.say("Two speakers say these sentences. Give them the same speaker first.", true)
    }
    this.act({ act: "merge", sentences: lines.map((line) => line.id) }, this.named(lines))
  }

  /** What names lines to the server when the act's turn comes: ids and versions. */
  named(lines) {
    const versions = lines.map((line) => versionOf(this, line))
    return () => ({
      sentences: lines.map((line, index) => [nowCalled(line.id), versions[index]()]),
    })
  }

  mergeSelection() {
    const [first, last] = this.span
    this.merge(first, Math.max(last, Math.min(first + 1, this.rows.length - 1)))
  }

  remove() {
    const [first, last] = this.span
    const lines = this.sentences.slice(first, last + 1)
    this.act({ act: "remove", sentences: lines.map((line) => line.id) }, this.named(lines), {
      done: () => "Removed. u brings it back.",
    })
  }

  /** Let a new turn begin with the current line, or join its turn to the one before. */
  parting(begins) {
    const line = this.sentences[this.current]
    if (!line) return
    const [first] = turnAround(this.sentences, this.current)
    if (begins && first === this.current) return this.say("A turn begins here already.")
    if (!begins && first === 0) return this.say("There is no turn before this one.")
    const about = begins
      ? { act: "split_turn", sentence: line.id, newTurn: newPlace() }
      : { act: "merge_turn", sentence: line.id }
    this.act(about, () => ({ sentence: nowCalled(line.id) }))
  }

  /** Set when the line `id` begins or ends: now, by the sound. */
  stamp(id, end = false) {
    const line = this.lineOf(id)
    if (!line || !this.player.parts.length) return this.say("There is no recording to take the time from.")
    const now = Math.round(this.player.now * 1000) / 1000
    const version = versionOf(this, line)
    const times = end
      ? { start: Math.min(line.start ?? now, now - FIRST_TIME), end: now }
      : { start: now, end: Math.max(line.end ?? now, now + FIRST_TIME) }
    times.start = Math.max(0, times.start)
    const fields = () => ({ sentence: nowCalled(id), version: version(), ...times })
    this.act({ act: "times", sentence: id, ...times }, fields)
  }

  undo(again = false) {
    const nothing = again ? "Nothing to do again." : "Nothing of yours to take back."
    // Refused, and nothing was done since: that one is left, so that those before it can go.
    const leaving = this.leaving === this.answers
    this.act({ act: again ? "redo" : "undo" }, () => (again ? {} : { leaving }), {
      failed: (error) => {
        if (again || error.status !== 409) return false
        this.leaving = this.answers
        this.say(`${error.message} Or press u again: it is left as it is, and what you did before it is taken back.`, true)
        return true
      },
      done: ({ said, put }) => {
        if (!said) return nothing
        if (put.length) queueMicrotask(() => this.move(this.places.get(put[0].id) ?? this.current))
        return `${said}.`
      },
    })
  }

  redo() {
    this.undo(true)
  }

  // ---- going about -------------------------------------------------------------------

  /** Go to the next doubtful place, or the one before. */
  doubt(by) {
    const places = doubtful(this.sentences, this.below)
    const rank = ([index, place]) => index + (place + 1) / 1e4
    const looking = this.doubtAt?.id === this.sentences[this.current]?.id
    const now = looking ? rank([this.current, this.doubtAt.place]) : this.current
    const found = by > 0
      ? places.find((one) => rank(one) > now)
      : places.findLast((one) => rank(one) < now)
    if (!found) return this.say(places.length ? "No doubtful place further on." : "No doubtful places.")
    const [index, place] = found
    const line = this.sentences[index]
    this.look({ id: line.id, place })
    this.move(index)
    const weak = line.weak[place]
    const words = weak
      ? `«${[...line.text].slice(weak[0], weak[1]).join("")}»: ${weak[2]}`
      : this.below.get(line.id)[place - line.weak.length].why
    this.say(`${places.indexOf(found) + 1} of ${places.length}: ${words}`)
  }

  /** Show which doubtful place is looked at. */
  look(at) {
    const before = this.places.get(this.doubtAt?.id)
    this.doubtAt = at
    if (before !== undefined) this.drawText(before)
    if (at) this.drawText(this.places.get(at.id))
  }

  help() {
    const typing = ["While a text is open", [...lineKeys(this), ...this.fieldKeys]]
    showKeys(this, ["In the list", this.keys], ...(this.data.may_edit ? [typing] : []))
  }

  find() {
    findPlaces(this)
  }

  whose() {
    if (!this.open) this.refuse()
    else if (this.rows.length) speakerMenu(this)
  }

  asked() {
    if (this.open && this.rows.length) questionMenu(this)
  }

  // ---- keys --------------------------------------------------------------------------

  keymap() {
    const digits = Array.from({ length: 9 }, (_, index) => String(index + 1))
    const acts = [
      [["v"], "v", "what was said, beside the written text", () => this.edit(true)],
      [["m"], "m", "merge the selection, or with the next", () => this.mergeSelection()],
      [["Delete"], "Del", "remove the selection", () => this.remove()],
      [["p"], "p", "a new turn begins here", () => this.parting(true)],
      [["P"], "Shift p", "join this turn to the one before", () => this.parting(false)],
      [digits, "1 to 9", "this speaker says the selection", (key) => give(this, Number(key))],
      [["w"], "w", "whose words: sentence, turn, from here on", () => this.whose()],
      [["q"], "q", "a question of the guide is asked here", () => this.asked()],
      [["o"], "o", "type new sentences below", () => this.desk.open()],
      [["t"], "t", "it begins where the sound is now", () => this.stamp(this.sentences[this.current]?.id)],
      [["T"], "Shift t", "it ends where the sound is now", () => this.stamp(this.sentences[this.current]?.id, true)],
      [["u", "Ctrl+z"], "u or Ctrl z", "undo your last act", () => this.undo()],
      [["U", "Ctrl+y", "Ctrl+Shift+z"], "Shift u or Ctrl y", "do it again", () => this.redo()],
    ]
    return [
      ...super.keymap(),
      [["d"], "d", "next doubtful place", () => this.doubt(1)],
      [["D"], "Shift d", "doubtful place before", () => this.doubt(-1)],
      [["f"], "f", "find and replace", () => this.find()],
      ...(this.data.may_edit ? acts : []),
    ]
  }
}

export default face(Editor)
