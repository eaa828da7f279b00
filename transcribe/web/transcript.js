// A transcript to read, hear and correct. The coder (package coding) builds on it.
// Everything can be done with the keyboard while the list has the focus.

import { button, clock, make } from "./dom.js"
import { openEditor, unsentText } from "./editor.js"
import { showKeys } from "./help.js"
import { rewrite, withPauses } from "./pauses.js"
import { Player } from "./player.js"
import { Follower, live, outbox, read, Refused } from "./wire.js"

const BLOCK = 40 // rows drawn, or skipped while out of sight, together
const ROW_HEIGHT = 44 // a guess until a block was seen
const LEAST_HEIGHT = 420
const BELOW = 44 // what the page keeps free at its foot

export class Transcript {
  /** root: empty element; data: {transcript, may_edit, …} from the page. */
  constructor(root, data) {
    this.root = root
    this.data = data
    this.alive = true
    this.follower = new Follower((news) => this.learn(news), () => this.load())
    this.sentences = []
    this.rows = []
    this.places = new Map() // sentence id -> index
    this.current = 0
    this.anchor = null // the other end of the selection
    this.editing = null
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
    const bar = make("div", { class: "bar" }, this.audio, this.demo, this.status, this.tools)
    this.main = make("div", { class: "main" }, bar, this.list)
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
    const waiting = outbox.acts.length
    this.status.dataset.state = waiting ? "unsent" : "saved"
    if (waiting && outbox.problem) {
      this.say(`${outbox.problem} ${waiting} unsent, trying again.`, true)
    } else if (!waiting && !this.status.classList.contains("alarm")) this.say("Saved")
    else if (!waiting && /unsent/.test(this.status.textContent)) this.say("Saved")
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
        const same = !fresh && this.body.revision === answer.body.revision
        this.tag = answer.tag
        head = answer.body.head
        if (!same) this.take(answer.body)
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
    const here = this.sentences[this.current]?.id
    this.body = body
    outbox.member = body.me
    this.sentences = body.sentences
    this.speakers = new Map(body.speakers.map((speaker) => [speaker.id, speaker]))
    this.places = new Map(body.sentences.map((sentence, index) => [sentence.id, index]))
    this.current = this.places.get(here) ?? 0
    this.anchor = null
    this.demo.hidden = !body.demo
    this.player.load(body.parts, body.sentences)
    this.draw()
  }

  opened() {
    this.fit()
    if (!this.root.getRootNode().activeElement) this.list.focus({ preventScroll: true })
  }

  /** News from the server: {seq, action, object, actor, after}. */
  told(news) {
    this.follower.told(news)
  }

  learn(news) {
    if (news.action === "sentence.edited") this.edited(news)
    else if (/^(speaker|participant|transcript)\./.test(news.action)) this.load()
  }

  edited(news) {
    const index = this.places.get(Number(news.object.split(":")[1]))
    if (index === undefined) return
    const sentence = this.sentences[index]
    if (news.after.version <= sentence.version) return
    rewrite(sentence, news.after.text)
    sentence.version = news.after.version
    if (this.editing !== sentence.id) this.drawText(index)
  }

  // ---- drawing -----------------------------------------------------------------------

  draw() {
    const scroll = this.list.scrollTop
    this.rows = this.sentences.map((_, index) => this.row(index))
    const blocks = []
    for (let start = 0; start < this.rows.length; start += BLOCK) {
      const block = make("div", { class: "block", role: "presentation" })
      const end = Math.min(start + BLOCK, this.rows.length)
      block.style.containIntrinsicSize = `auto ${(end - start) * ROW_HEIGHT}px`
      this.fill(block, start, end)
      blocks.push(block)
    }
    this.list.replaceChildren(...blocks)
    if (!blocks.length) this.list.append(make("p", { class: "empty" }, "This transcript has no sentences."))
    this.list.scrollTop = scroll
    this.mark()
  }

  /** One group per turn, so that a screen reader says whose words come. */
  fill(block, start, end) {
    let turn = null
    for (let index = start; index < end; index += 1) {
      const sentence = this.sentences[index]
      if (!turn || sentence.turn !== this.sentences[index - 1].turn) {
        turn = make("div", { role: "group", "aria-label": this.voice(sentence) })
        block.append(turn)
      }
      turn.append(this.rows[index])
    }
  }

  voice(sentence) {
    const speaker = this.speakers.get(sentence.speaker)
    if (!speaker) return "Unknown speaker"
    const role = speaker.role === "participant" ? speaker.profession : speaker.role
    return role && role !== speaker.name.toLowerCase() ? `${speaker.name}, ${role}` : speaker.name
  }

  row(index) {
    const sentence = this.sentences[index]
    const opens = index === 0 || sentence.turn !== this.sentences[index - 1].turn
    const row = make(
      "div",
      {
        class: `row${opens ? " opens" : ""}`, role: "option", id: `s${sentence.id}`,
        "data-sentence": sentence.id, "data-index": index, "aria-selected": "false",
      },
      make("span", { class: "time" }, sentence.start == null ? "" : clock(sentence.start)),
      make(
        "div",
        { class: "said" },
        opens ? make("div", { class: "who" }, this.voice(sentence)) : null,
        make("div", { class: "text" }),
      ),
    )
    this.rows[index] = row
    this.drawText(index)
    return row
  }

  drawText(index) {
    const sentence = this.sentences[index]
    const line = this.rows[index]?.querySelector(".text")
    if (!line) return
    const unsent = unsentText(sentence)
    line.dataset.state = unsent === null ? "saved" : "unsent"
    line.replaceChildren(...(unsent === null ? withPauses(sentence) : [unsent]))
    line.classList.toggle("doubt", sentence.doubt)
    if (sentence.doubt) {
      const label = `Please listen: ${sentence.why || "this sentence is doubtful"}.`
      line.append(make("span", { class: "mark", title: label, role: "img", "aria-label": label }, "?"))
    }
  }

  // ---- selection ---------------------------------------------------------------------

  get span() {
    const other = this.anchor ?? this.current
    return [Math.min(this.current, other), Math.max(this.current, other)]
  }

  move(to, extend = false) {
    if (!this.rows.length) return
    this.anchor = extend ? (this.anchor ?? this.current) : null
    this.current = Math.max(0, Math.min(this.rows.length - 1, to))
    this.wandered = true
    this.mark(true)
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
      [["l"], "l", "repeat what is played, or not", () => this.repeat()],
      ...edit,
      [["?"], "?", "these keys", () => this.help()],
    ]
  }

  get editKeys() {
    return ["e", "Enter"]
  }

  key(event) {
    if (event.target !== this.list || event.ctrlKey || event.metaKey || event.altKey) return
    // Streamlit listens for single letters too (r reruns the page).
    event.stopPropagation()
    const plain = event.key.length === 1 && event.key !== " "
    const name = event.shiftKey && !plain ? `Shift+${event.key}` : event.key
    const found = this.keys.find(([keys]) => keys.includes(name))
    if (!found || !this.rows.length) return
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

  edit() {
    if (this.editing === null) openEditor(this, this.current)
  }

  help() {
    showKeys(this)
  }
}

/** What Streamlit calls whenever the page's data or the theme changes. */
export function face(View) {
  const views = new WeakMap()
  return ({ parentElement, data }) => {
    const root = parentElement.querySelector(".fokus")
    const known = views.get(root)
    if (known) known.update(data)
    else views.set(root, new View(root, data))
    return () => {
      views.get(root)?.destroy()
      views.delete(root)
    }
  }
}

export default face(Transcript)
