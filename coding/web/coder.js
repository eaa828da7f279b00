// The transcript with a coding margin: codes are applied, taken back and seen live.

import { button, make, newId } from "../fokus.transcript/dom.js"
import { face, Transcript } from "../fokus.transcript/transcript.js"
import { Follower, outbox, read, write } from "../fokus.transcript/wire.js"
import { marginOf } from "./chips.js"
import { byRow, keyOf, overlaid, partOf, pinned, placeKey, stripes } from "./margin.js"
import { findCode, newCode, swatch } from "./palette.js"
import { Repairs } from "./repairs.js"

const PLACE = ["first", "last", "trim_start", "trim_end"]

class Coder extends Transcript {
  build() {
    super.build()
    this.codes = []
    this.saved = new Map() // codings the server has, by key
    this.quotes = new Set() // keys of places
    this.follows = new Follower((news) => this.learnCoding(news), () => this.loadCodings())
    this.done = [] // own acts, for undo
    this.undone = []
    this.pins = []
    this.entries = make("div", { class: "entries" })
    this.side = make(
      "aside",
      { class: "side", "aria-label": "Codes" },
      make("div", { class: "heading" }, "Codes"),
      this.entries,
    )
    this.repairs = new Repairs(this)
    this.side.append(this.repairs.element)
    this.frame.classList.add("sided")
    this.frame.append(this.side)
    if (this.data.may_code) {
      const tool = (label, does, act, name) =>
        button(label, act, { title: does, "aria-label": does, "data-act": name })
      this.tools.prepend(
        tool("New code", "New code (n)", () => this.create(""), "new"),
        tool("Quote", "Mark as a quote, or not (q)", () => this.quote(), "quote"),
        tool("↶", "Undo your last act (u)", () => this.undo(), "undo"),
        tool("↷", "Do it again (Shift u)", () => this.redo(), "redo"),
      )
    }
  }

  update(data) {
    if (data.transcript !== this.data.transcript) {
      this.follows.reset()
      this.saved = new Map()
      this.quotes = new Set()
      this.done = []
      this.undone = []
    }
    super.update(data)
  }

  // ---- data --------------------------------------------------------------------------

  async load() {
    await Promise.all([super.load(), this.loadCodings()])
  }

  async loadCodings() {
    const wanted = this.data.transcript
    let head = null
    this.follows.begin()
    try {
      const { body } = await read(`/api/codings/${wanted}`)
      if (wanted !== this.data.transcript || !this.alive) return
      head = body.head
      this.takeCodings(body)
    } catch (error) {
      if (wanted === this.data.transcript) this.trouble(error)
    } finally {
      if (wanted === this.data.transcript) this.follows.end(head)
    }
  }

  takeCodings(body) {
    this.me = body.me
    this.initials = new Map(body.members.map((member) => [member.id, member.initials]))
    this.codes = body.codes
    this.codeOf = new Map(body.codes.map((code) => [code.id, code]))
    if (!this.pins.length) this.pins = pinned(body.codes)
    this.saved = new Map(body.codings.map((coding) => [keyOf(coding), coding]))
    this.quotes = new Set(body.quotes.map(placeKey))
    this.drawCodes()
    this.drawMargin(true)
    this.repairs.take(body.repairs)
  }

  drawn() {
    super.drawn()
    this.drawMargin()
    this.repairs.draw()
  }

  told(news) {
    super.told(news)
    this.follows.told(news)
  }

  learnCoding({ action, object, after }) {
    if (/^(code|member)\./.test(action)) {
      this.loadCodings()
    } else if (after?.transcript !== this.data.transcript) {
      return
    } else if (action === "coding.set" || action === "coding.cleared") {
      const id = Number(object.split(":")[1])
      if (!this.codeOf.has(after.code) || !this.initials.has(after.coder)) this.loadCodings()
      else this.settle({ ...after, id }, action === "coding.set")
    } else if (action === "quote.marked" || action === "quote.unmarked") {
      this.quotes[action === "quote.marked" ? "add" : "delete"](placeKey(after))
      this.drawMargin()
    } else if (after.touched || /^segment\./.test(action)) {
      this.loadCodings() // the words have moved, and the codings with them
    }
  }

  /** The server has this coding now, or has it no longer. */
  settle(coding, set) {
    const key = keyOf(coding)
    const had = this.saved.has(key)
    if (set) this.saved.set(key, { ...coding })
    else this.saved.delete(key)
    if (had !== set) this.count(coding.code, set ? 1 : -1)
    this.drawMargin()
  }

  count(id, by) {
    const code = this.codeOf.get(id)
    if (!code) return
    code.uses += by
    const shown = this.entries.querySelector(`[data-code="${id}"] .uses`)
    if (shown) shown.textContent = code.uses
  }

  // ---- drawing -----------------------------------------------------------------------

  row(index) {
    const row = super.row(index)
    row.append(make("div", { class: "margin" }))
    return row
  }

  drawMargin(all = false) {
    if (!this.rows.length || !this.codeOf) return
    this.shown = overlaid(this.saved, outbox.acts, this.me)
    const { groups, lanes } = stripes(this.shown.values(), this.places, this.sentences)
    this.list.style.setProperty("--lanes", Math.max(1, lanes))
    const rows = byRow(groups, this.rows.length)
    const quoted = this.quotedRows()
    rows.forEach((row, index) => {
      const signature = `${row.signature}${quoted.get(index) ?? ""}`
      const element = this.rows[index]
      if (!all && element.dataset.margin === signature) return
      element.dataset.margin = signature
      element.classList.toggle("quoted", quoted.has(index))
      element.lastChild.replaceChildren(...marginOf(this, row.groups, index, quoted.get(index)))
    })
  }

  quotedRows() {
    const rows = new Map()
    for (const quote of this.quotesShown()) {
      const { from, to, ...trims } = this.within(quote)
      for (let row = from; row <= to; row += 1) {
        rows.set(row, row === from || rows.get(row)?.[0] === "q" ? "q" : "-")
      }
      if (from <= to) rows.set(from, `q${partOf({ from, to, ...trims }, this.sentences)}`)
    }
    return rows
  }

  /** Which rows, and how much of them, a key of a place means. */
  within(key) {
    const [first, last, trim_start, trim_end] = key.split("-").map(Number)
    return { from: this.places.get(first), to: this.places.get(last), trim_start, trim_end }
  }

  quotesShown() {
    const shown = new Set(this.quotes)
    for (const { about } of outbox.acts) {
      if (about.quote) shown[about.set ? "add" : "delete"](about.quote)
    }
    return shown
  }

  drawCodes() {
    const rest = this.codes.filter((code) => !this.pins.includes(code.id))
    const known = this.pins.map((id) => this.codeOf.get(id)).filter(Boolean)
    const entries = [...known, ...rest].map((code) => {
      const digit = this.pins.indexOf(code.id) + 1
      return make(
        "button",
        {
          type: "button", class: "entry", "data-code": code.id, disabled: !this.data.may_code,
          title: code.definition || "No definition yet",
          onclick: () => (this.apply(code), this.list.focus({ preventScroll: true })),
        },
        make("kbd", { class: "digit" }, digit ? String(digit) : ""),
        swatch(code),
        make("span", { class: "name" }, code.name),
        make("span", { class: "uses" }, String(code.uses)),
      )
    })
    const none = make("p", { class: "hint" }, "No codes yet. Choose a sentence and press n.")
    this.entries.replaceChildren(...(entries.length ? entries : [none]))
  }

  clicked(event) {
    const chip = event.target.closest(".drop")?.closest(".chip")
    if (!chip) return super.clicked(event)
    const row = event.target.closest(".row")
    const own = this.ownAt(Number(row.dataset.index)).filter(
      (coding) => coding.code === Number(chip.dataset.code)
        && placeKey(coding) === chip.dataset.place,
    )
    if (own.length) this.act({ coding: own.at(-1), set: false })
    this.list.focus({ preventScroll: true })
  }

  // ---- acts --------------------------------------------------------------------------

  get ends() {
    const [first, last] = this.span
    return {
      first: this.sentences[first].id, last: this.sentences[last].id, trim_start: 0, trim_end: 0,
    }
  }

  /** Own codings that touch a row, in the order in which they were made. */
  ownAt(index) {
    return [...this.shown.values()].filter(
      ({ first, last, coder }) =>
        coder === this.me && this.places.get(first) <= index && index <= this.places.get(last),
    )
  }

  apply(code) {
    if (!code || !this.data.may_code || !this.rows.length) return
    this.lastCode = code.id
    const coding = { ...this.ends, code: code.id, coder: this.me }
    if (this.shown.has(keyOf(coding))) this.say(`${code.name} is there already.`)
    else this.act({ coding, set: true })
  }

  removeLast() {
    const own = this.ownAt(this.current)
    if (own.length) this.act({ coding: own.at(-1), set: false })
    else this.say("No coding of yours here.")
  }

  quote() {
    const { first, last } = this.ends
    const there = [...this.quotesShown()].filter((key) => key.startsWith(`${first}-${last}-`))
    for (const quote of there) this.act({ quote, set: false })
    if (!there.length) this.act({ quote: placeKey(this.ends), set: true })
  }

  /** An act of the user: done, and kept for undo. */
  act(act) {
    this.done.push(act)
    this.undone = []
    this.send(act)
  }

  undo() {
    const act = this.done.pop()
    if (!act) return this.say("Nothing of yours to take back.")
    this.undone.push(act)
    this.send({ ...act, set: !act.set })
  }

  redo() {
    const act = this.undone.pop()
    if (!act) return this.say("Nothing to do again.")
    this.done.push(act)
    this.send(act)
  }

  send(act) {
    this.status.classList.remove("alarm")
    const transcript = this.data.transcript
    const failed = (error) => {
      const other = (one) =>
        one.coding !== act.coding || one.quote !== act.quote || one.repair !== act.repair
      this.done = this.done.filter(other)
      this.undone = this.undone.filter(other)
      this.say(`Not saved: ${error.message}`, true)
    }
    if (act.repair) return this.repairs.send(act, failed)
    if (act.quote) {
      const [first, last, trim_start, trim_end] = act.quote.split("-").map(Number)
      const place = { transcript, first, last, trim_start, trim_end, set: act.set }
      const kept = () => this.quotes[act.set ? "add" : "delete"](act.quote)
      outbox.send("/api/quote", place, act, kept, failed)
      return
    }
    this.follow(act.coding)
    // With its coder: another member may have signed in in this browser meanwhile.
    const { id, ...coding } = { ...act.coding, transcript, set: act.set }
    const kept = (answer) => {
      act.coding.id = answer.coding?.id ?? id
      if (this.data.transcript === transcript) this.settle(act.coding, answer.set)
    }
    outbox.send("/api/coding", coding, act, kept, failed)
  }

  /** Corrections may have moved a coding since it was made: take its place as it is now. */
  follow(coding) {
    const now = [...this.saved.values()].find(({ id }) => id && id === coding.id)
    if (now) for (const name of PLACE) coding[name] = now[name]
  }

  find() {
    findCode(this, (code) => this.apply(code), (text) => this.create(text))
  }

  /** What was marked with the mouse, or the current sentence. */
  spoken() {
    const marked = this.root.getRootNode().getSelection?.() ?? getSelection()
    const text = String(marked).trim() || this.sentences[this.current].text
    return text.replace(/[.?!]+$/, "").slice(0, 120)
  }

  create(name) {
    const id = newId() // kept over tries: one pop-up makes one code
    newCode(this, name, async (wanted) => {
      const code = await write("/api/code", { ...wanted, client_id: id })
      if (!this.codeOf.has(code.id)) {
        this.codes = [...this.codes, code]
        this.codeOf.set(code.id, code)
      }
      if (this.pins.length < 9) this.pins.push(code.id)
      this.drawCodes()
      this.apply(this.codeOf.get(code.id))
    })
  }

  // ---- keys --------------------------------------------------------------------------

  keymap() {
    const keys = super.keymap()
    if (!this.data.may_code) return keys
    const digits = Array.from({ length: 9 }, (_, index) => String(index + 1))
    const digit = (key) => this.apply(this.codeOf.get(this.pins[Number(key) - 1]))
    return [
      [digits, "1 to 9", "apply the code on this digit", digit],
      [["/", "c"], "/ or c", "find a code by typing", () => this.find()],
      [["n"], "n", "new code", () => this.create("")],
      [["v"], "v", "new code in the speaker's words", () => this.create(this.spoken())],
      [["."], ".", "the last code again", () => this.apply(this.codeOf.get(this.lastCode))],
      [["x"], "x", "take back your last coding here", () => this.removeLast()],
      [["u"], "u", "undo your last act", () => this.undo()],
      [["U"], "Shift u", "do it again", () => this.redo()],
      [["q"], "q", "mark as a quote, or not", () => this.quote()],
      ...this.repairs.keys(),
      ...keys,
    ]
  }

  get editKeys() {
    return ["e"]
  }
}

export default face(Coder)
