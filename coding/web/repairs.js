// The repair list: codings whose words a correction of the transcript took away. A person puts
// each where it belongs, on the sentences that are selected, or lets it go.

import { button, make } from "../fokus.transcript/dom.js"
import { outbox } from "../fokus.transcript/wire.js"
import { swatch } from "./palette.js"

export class Repairs {
  constructor(view) {
    this.view = view
    this.saved = []
    this.current = null // id of the entry that the keys are about
    this.list = make("div", { class: "lost" })
    this.heading = make("div", { class: "heading" })
    this.element = make(
      "section", { class: "repairs", "aria-label": "To repair", hidden: true }, this.heading, this.list,
    )
  }

  take(repairs) {
    this.saved = repairs
    this.draw(true)
  }

  /** The list as the server has it, without what is on its way. */
  get shown() {
    const going = new Set(outbox.acts.filter(({ about }) => about.repair && about.set)
      .map(({ about }) => about.repair.id))
    return this.saved.filter(({ id }) => !going.has(id))
  }

  draw(all = false) {
    const shown = this.shown
    const drawn = `${shown.map(({ id }) => id)}:${this.current}`
    if (!all && drawn === this.drawn) return
    this.drawn = drawn
    this.element.hidden = !shown.length
    this.heading.textContent = `To repair (${shown.length})`
    this.list.replaceChildren(
      make("p", { class: "hint" }, "A correction took these words away. Select where each belongs now."),
      ...shown.map((lost) => this.entry(lost)),
    )
  }

  entry(lost) {
    const { view } = this
    const codes = lost.codings.map(({ code, coder }) => make(
      "span", { class: "chip" }, swatch(view.codeOf.get(code)),
      make("span", { class: "name" }, view.codeOf.get(code)?.name ?? "…"),
      make("span", { class: "initials" }, view.initials.get(coder) ?? "?"),
    ))
    if (lost.quote) codes.unshift(make("span", { class: "chip quote" }, "❝ quote"))
    const tool = (label, does, act, name) =>
      button(label, () => {
        this.current = lost.id
        act()
        view.list.focus({ preventScroll: true })
      }, { title: does, "aria-label": `${does}: ${lost.text}`, "data-act": name })
    const tools = make("div", { class: "tools" }, tool("Show", "Show where it was (r)", () => this.show(), "show"))
    if (view.data.may_code) {
      tools.append(
        tool("Put here", "Put it on the selected sentences (Shift r)", () => this.put(), "put"),
        tool("Let go", "Let it go, with its codings (Shift l)", () => this.letGo(), "let-go"),
      )
    }
    return make(
      "div", { class: `entry-lost${lost.id === this.current ? " current" : ""}`, "data-repair": lost.id },
      make("div", { class: "old" }, lost.text), make("div", { class: "under" }, ...codes), tools,
    )
  }

  // ---- acts --------------------------------------------------------------------------

  keys() {
    return [
      [["r"], "r", "next on the repair list", () => this.next()],
      [["R"], "Shift r", "put it on the selected sentences", () => this.put()],
      [["L"], "Shift l", "let it go, with its codings", () => this.letGo()],
    ]
  }

  next() {
    const shown = this.shown
    if (!shown.length) return this.view.say("Nothing is to be repaired.")
    const at = shown.findIndex(({ id }) => id === this.current)
    this.current = shown[(at + 1) % shown.length].id
    this.show()
  }

  show() {
    const lost = this.chosen()
    if (!lost) return
    this.draw()
    const near = this.view.places.get(lost.near)
    if (near !== undefined) this.view.move(near)
    this.view.say(`To repair: «${lost.text}».`)
    this.list.querySelector(".current")?.scrollIntoView({ block: "nearest" })
  }

  put() {
    const lost = this.chosen()
    if (!lost || !this.view.rows.length) return
    const { first, last } = this.view.ends
    this.view.act({ repair: { id: lost.id, to: "run", first, last }, set: true })
  }

  letGo() {
    const lost = this.chosen()
    if (lost) this.view.act({ repair: { id: lost.id, to: "nowhere" }, set: true })
  }

  /** The entry that the keys are about: the one shown last, or the only one. */
  chosen() {
    const shown = this.shown
    const lost = shown.find(({ id }) => id === this.current) ?? (shown.length === 1 ? shown[0] : null)
    if (!lost) {
      this.view.say(shown.length ? "Press r to choose what to repair." : "Nothing is to be repaired.")
    }
    this.current = lost?.id ?? null
    return lost
  }

  /** Do an act of the list, or, with `set` false, put it back. */
  send(act, failed) {
    const { id, to, ...run } = act.repair
    const body = act.set ? { repair: id, to, ...run } : { repair: id, to: "list" }
    const done = () => this.view.loadCodings()
    outbox.send("/api/repair", body, act, done, failed)
  }
}
