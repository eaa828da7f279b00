// A transcript to read, hear and correct. The editor (editing.js) and the coder (package
// coding) build on it. Everything can be done with the keyboard while the list has the focus.

import { follow, nowCalled, underWay } from "./acts.js"
import { button, make } from "./dom.js"
import { drawAll, drawChanges, nameAll, newRow } from "./drawing.js"
import { openEditor } from "./editor.js"
import { keyName, showKeys } from "./help.js"
import { applied } from "./lines.js"
import { drawn } from "./marks.js"
import { Player, RATES } from "./player.js"
import { Follower, live, outbox, read, Refused } from "./wire.js"

export { face } from "./face.js"

const LEAST_HEIGHT = 420
const BELOW = 44 // what the page keeps free at its foot

export class Transcript {
  /** root: empty element; data: {transcript, may_edit, …} from the page. */
  constructor(root, data) {
    this.root = root
    this.data = data
    this.alive = true
    this.follower = new Follower((news) => this.learn(news), () => this.load())
    this.base = [] // the lines as the server has them
    this.sentences = [] // as they are shown: with the acts that are on their way
    this.rows = []
    this.blocks = []
    this.speakers = new Map()
    this.undoable = [0, 0]
    this.answers = 0
    this.answered = new Set() // revisions that acts of ours made
    this.places = new Map() // sentence id -> index
    this.current = 0
    this.anchor = null // the other end of the selection
    this.editing = null // id of the line whose text is open
    this.build()
    this.player = new Player(this.audio, (index) => this.heard(index), (text) => this.say(text, true))
    this.audio.addEventListener("play", () => (this.wandered = false))
    this.onoutbox = () => this.sent()
    outbox.addEventListener("changed", this.onoutbox)
    this.leave = live.join((news) => this.told(news))
    this.keys = this.keymap()
    this.load()
  }

  update(data) {
    const other = data.transcript !== this.data.transcript
    this.data = data
    if (!other) return
    this.player.pause()
    this.follower.reset()
    this.answered.clear() // revisions are counted in each transcript
    this.tag = null
    this.current = 0
    this.anchor = null
    this.load()
  }

  destroy() {
    this.alive = false
    this.leave()
    outbox.removeEventListener("changed", this.onoutbox)
    window.removeEventListener("resize", this.onresize)
    this.player.destroy()
  }

  // ---- frame -------------------------------------------------------------------------

  build() {
    this.audio = make("audio", { controls: true, preload: "metadata", hidden: true })
    this.demo = make(
      "span",
      { class: "demo", hidden: true, title: "The demo model knows only the sample's words and voices." },
      "demo model",
    )
    this.status = make("span", { class: "status", role: "status", "aria-live": "polite" })
    this.tools = make("span", { class: "tools" })
    if (this.data.may_edit) {
      const title = `Correct the current sentence (${this.editKeys[0]})`
      this.tools.append(button("Correct", () => this.edit(), { title, "data-act": "edit" }))
    }
    this.tools.append(button("Keys", () => this.help(), { title: "All keys (?)", "data-act": "help" }))
    this.list = make("div", {
      class: "list", tabindex: "0", role: "listbox", "aria-multiselectable": "true",
      "aria-label": "Sentences. Press question mark for all keys.",
      onkeydown: (event) => this.key(event),
      // Extending the selection shall not mark text as well.
      onmousedown: (event) => event.shiftKey && (event.preventDefault(), this.list.focus()),
      onclick: (event) => this.clicked(event),
      ondblclick: (event) => this.doubleClicked(event),
    })
    this.bar = make("div", { class: "bar" }, this.audio, this.demo, this.status, this.tools)
    this.main = make("div", { class: "main" }, this.bar, this.list)
    this.frame = make("div", { class: "frame" }, this.main)
    this.root.replaceChildren(this.frame)
    this.onresize = () => this.fit()
    window.addEventListener("resize", this.onresize)
  }

  /** Fill the window below what the page shows above, but stay usable in a low one. */
  fit() {
    const top = this.frame.getBoundingClientRect().top
    const height = Math.max(LEAST_HEIGHT, window.innerHeight - Math.max(0, top) - BELOW)
    this.frame.style.setProperty("--height", `${height}px`)
  }

  /** Tell in the live region; an alarm stays until the next word. */
  say(text, alarm = false) {
    this.status.textContent = text
    this.status.classList.toggle("alarm", alarm)
  }

  sent() {
    this.refresh()
    const waiting = outbox.acts.length
    this.status.dataset.state = waiting ? "unsent" : "saved"
    if (waiting && outbox.problem) {
      this.say(`${outbox.problem} ${waiting} unsent, trying again.`, true)
    } else if (!waiting) {
      const alarm = this.status.classList.contains("alarm")
      if (!alarm || /unsent/.test(this.status.textContent)) this.say(this.result ?? "Saved")
      this.result = null
    }
  }

  // ---- data --------------------------------------------------------------------------

  async load() {
    const wanted = this.data.transcript
    const follower = this.follower
    follower.begin()
    let head = null
    try {
      const answer = await read(`/api/transcript/${wanted}`, this.tag)
      if (wanted !== this.data.transcript || !this.alive) return
      if (answer) {
        const fresh = !this.tag
        const stands = ({ revision, parts, locked, questions }) =>
          JSON.stringify([revision, parts, locked, questions])
        const same = !fresh && stands(this.body) === stands(answer.body)
        this.tag = answer.tag
        head = answer.body.head
        if (!same) this.take(answer.body)
        else this.player.load(answer.body.parts) // a copy may have been made
        if (fresh) this.opened()
      }
    } catch (error) {
      if (wanted === this.data.transcript) this.trouble(error)
    } finally {
      if (wanted === this.data.transcript) follower.end(head)
    }
  }

  /** Reading failed: say so, and try again unless the server refused. */
  trouble(error) {
    this.say(error.message, true)
    clearTimeout(this.timer)
    if (!(error instanceof Refused)) {
      this.timer = setTimeout(() => this.alive && this.load(), 2000)
    }
  }

  take(body) {
    this.body = body
    outbox.member = body.me
    this.base = body.sentences
    this.undoable = [body.undo ?? 0, body.redo ?? 0]
    this.demo.hidden = !body.demo
    this.list.dataset.title = body.title
    this.player.load(body.parts)
    this.takeSpeakers(body.speakers)
    const fresh = this.shown !== body.id
    this.shown = body.id
    this.refresh(fresh)
  }

  takeSpeakers(speakers) {
    this.speakers = new Map(speakers.map((speaker) => [speaker.id, speaker]))
    if (this.rows.length) nameAll(this)
  }

  /** Show the lines as the server has them, with the acts that are on their way. */
  refresh(all = false) {
    const before = all ? [] : this.sentences.map(renamed)
    const [here, other] = [this.current, this.anchor].map((index) => before[index]?.id)
    if (this.editing !== null) this.editing = nowCalled(this.editing)
    this.sentences = underWay(this.data.transcript).reduce(applied, this.base)
    this.places = new Map(this.sentences.map((line, index) => [line.id, index]))
    if (!this.places.has(this.editing)) this.editing = null
    this.player.sentences = this.sentences
    const last = Math.max(0, this.sentences.length - 1)
    this.current = this.places.get(here) ?? Math.min(this.current, last)
    this.anchor = this.places.get(other) ?? null
    if (all) drawAll(this)
    else drawChanges(this, before)
    this.mark()
    this.drawn()
  }

  get emptyText() {
    return "This transcript has no sentences."
  }

  /** Called when rows were drawn, for what stands beside them. */
  drawn() {}

  opened() {
    this.fit()
    if (!this.root.getRootNode().activeElement) this.list.focus({ preventScroll: true })
  }

  /** News from the server: {seq, action, object, actor, after}. */
  told(news) {
    this.follower.told(news)
  }

  learn(news) {
    const about = news.after
    if (about?.transcript === this.data.transcript && about.touched) {
      follow(this, about).catch((error) => this.trouble(error))
    } else if (/^(speaker|participant|transcript|recording|guide)\./.test(news.action)) this.load()
  }

  // ---- drawing -----------------------------------------------------------------------

  voice(sentence) {
    const speaker = this.speakers.get(sentence.speaker)
    if (!speaker) return "Unknown speaker"
    const role = speaker.role === "participant" ? speaker.profession : speaker.role
    return role && role !== speaker.name.toLowerCase() ? `${speaker.name}, ${role}` : speaker.name
  }

  row(index) {
    return newRow(this, index)
  }

  drawWho(element, line) {
    element.textContent = this.voice(line)
  }

  drawText(index) {
    const line = this.sentences[index]
    const element = this.rows[index]?.querySelector(".text")
    if (!element || this.editing === line.id) return
    element.dataset.state = line.unsent ? "unsent" : "saved"
    element.replaceChildren(...drawn(line, this.doubtAt?.id === line.id ? this.doubtAt.place : null))
    if (line.weak.length) {
      const reasons = new Set(line.weak.map(([, , why]) => why))
      const label = `Please listen: ${[...reasons].join("; ")}.`
      element.append(make("span", { class: "mark", title: label, role: "img", "aria-label": label }))
    }
  }

  // ---- selection ---------------------------------------------------------------------

  get span() {
    const other = this.anchor ?? this.current
    return [Math.min(this.current, other), Math.max(this.current, other)]
  }

  move(to, extend = false, scroll = true) {
    if (!this.rows.length) return
    this.anchor = extend ? (this.anchor ?? this.current) : null
    this.current = Math.max(0, Math.min(this.rows.length - 1, to))
    this.wandered = true
    this.mark(scroll)
  }

  mark(scroll = false) {
    const [first, last] = this.span
    for (const row of this.marked ?? []) {
      row.classList.remove("current", "selected")
      row.setAttribute("aria-selected", "false")
    }
    this.marked = this.rows.slice(first, last + 1)
    for (const row of this.marked) {
      row.classList.add("selected")
      row.setAttribute("aria-selected", "true")
    }
    const row = this.rows[this.current]
    if (!row) return
    row.classList.add("current")
    this.list.setAttribute("aria-activedescendant", row.id)
    if (scroll) row.scrollIntoView({ block: "nearest" })
  }

  heard(index) {
    if (index === this.heardAt) return
    this.rows[this.heardAt]?.classList.remove("heard")
    this.heardAt = index
    this.rows[index]?.classList.add("heard")
    if (index < 0 || this.player.only || this.wandered || this.editing !== null) return
    this.anchor = null
    this.current = index
    this.mark(true)
  }

  clicked(event) {
    const row = event.target.closest(".row")
    if (!row || event.target.closest("textarea, button")) return
    // A select box of the page keeps the focus, so the keys would stay with it.
    this.list.focus({ preventScroll: true })
    this.move(Number(row.dataset.index), event.shiftKey)
  }

  doubleClicked(event) {
    const row = event.target.closest(".row")
    if (!row || event.target.closest("textarea, button")) return
    getSelection()?.removeAllRanges()
    this.player.play(Number(row.dataset.index), Number(row.dataset.index))
  }

  // ---- keys --------------------------------------------------------------------------

  /** Rows of [keys, shown as, what it does, act]; the help is made of the same rows. */
  keymap() {
    const edit = this.data.may_edit
      ? [[this.editKeys, this.editKeys.join(" or "), "correct the sentence", () => this.edit()]]
      : []
    return [
      [["j", "ArrowDown"], "j or ↓", "next sentence", () => this.move(this.current + 1)],
      [["k", "ArrowUp"], "k or ↑", "previous sentence", () => this.move(this.current - 1)],
      [["J", "Shift+ArrowDown"], "J or Shift ↓", "extend downwards", () => this.move(this.current + 1, true)],
      [["K", "Shift+ArrowUp"], "K or Shift ↑", "extend upwards", () => this.move(this.current - 1, true)],
      [["PageDown"], "Page ↓", "ten sentences on", () => this.move(this.current + 10)],
      [["PageUp"], "Page ↑", "ten sentences back", () => this.move(this.current - 10)],
      [["Home"], "Home", "first sentence", () => this.move(0)],
      [["End"], "End", "last sentence", () => this.move(this.rows.length - 1)],
      [["Escape"], "Esc", "only the current sentence", () => this.move(this.current)],
      [[" "], "space", "play the selection, or pause", () => this.hear(false)],
      [["Shift+ "], "Shift space", "play on from here", () => this.hear(true)],
      [["ArrowLeft", "b"], "← or b", "two seconds back", () => this.player.back()],
      [["l"], "l", "repeat what is played, or not", () => this.repeat()],
      [["-"], "-", "slower", () => this.pace(-1)],
      [["+"], "+", "faster", () => this.pace(1)],
      ...edit,
      [["?"], "?", "these keys", () => this.help()],
    ]
  }

  get editKeys() {
    return ["e", "Enter"]
  }

  key(event) {
    if (event.target !== this.list || event.altKey) return
    const found = this.keys.find(([keys]) => keys.includes(keyName(event)))
    // Streamlit listens for single letters too (r reruns the page).
    if (found || !(event.ctrlKey || event.metaKey)) event.stopPropagation()
    if (!found) return
    event.preventDefault()
    found[3](event.key)
  }

  hear(on) {
    if (this.player.playing) this.player.pause()
    else this.player.play(...this.span, on)
  }

  repeat() {
    this.player.loop = !this.player.loop
    this.say(this.player.loop ? "What is played alone is repeated." : "No repeating.")
  }

  /** Play faster or slower by one step. */
  pace(by) {
    const at = RATES.indexOf(this.player.rate) + by
    this.player.rate = RATES[Math.max(0, Math.min(RATES.length - 1, at))]
    this.say(`Played at ${this.player.rate}×.`)
  }

  edit() {
    if (this.editing === null && this.rows.length) this.openText(this.sentences[this.current].id)
  }

  /** Open a line's text; `mark` [from, to] is chosen in it (letters). */
  openText(id, mark = null, verbatim = false) {
    openEditor(this, id, { mark, verbatim })
  }

  /** Keys while a text is open, for who builds on this; true when one was taken. */
  typed() {
    return false
  }

  get typingHint() {
    return "Enter saves, Esc leaves it as it was."
  }

  help() {
    showKeys(this, ["In the list", this.keys])
  }
}

const renamed = (line) =>
  line.unsent
    ? { ...line, id: nowCalled(line.id), turn: nowCalled(line.turn), speaker: nowCalled(line.speaker) }
    : line
