// Correcting a sentence in place, and choosing between two versions of it.

import { nowCalled, send, versionOf } from "./acts.js"
import { button, make } from "./dom.js"
import { placeOf, tidy } from "./lines.js"

/**
 * Open the text of the line `id`; `mark` [from, to] (letters) is chosen in it, or the cursor
 * is put there. With `conflict` {mine, theirs} both versions are shown. `verbatim`: what was
 * said is corrected, that stands beside a text in written language; empty, none is kept.
 */
export function openEditor(view, id, { conflict = null, mark = null, verbatim = false } = {}) {
  const index = view.places.get(id)
  if (index === undefined) return
  const line = view.sentences[index]
  const version = versionOf(view, line)
  const field = make("textarea", {
    class: "editor", rows: "1", "aria-label": verbatim ? "What was said" : "Text of the sentence", spellcheck: "false",
  })
  field.value = conflict?.mine ?? (verbatim ? (line.verbatim ?? line.text) : line.text)
  let open = true
  const close = () => {
    if (!open) return
    open = false
    view.editing = null
    const place = view.places.get(nowCalled(id))
    if (place !== undefined) view.drawText(place)
    // Once all is drawn, for focusing makes the browser lay out what is.
    queueMicrotask(() => view.editing === null && view.list.focus({ preventScroll: true }))
  }
  /** Closes, and gives the text that then stands: null when none can. */
  const save = () => {
    if (!open) return null
    const text = tidy(field.value)
    close()
    if (verbatim) {
      const fields = () => ({ sentence: nowCalled(id), text, version: version() })
      send(view, { act: "verbatim", sentence: nowCalled(id), text }, fields)
    } else if (!text) view.say("A sentence cannot be empty; it was left as it was.", true)
    else if (text !== line.text || conflict) correct(view, nowCalled(id), text, version)
    return text || null
  }
  field.oninput = () => fitField(field)
  field.onkeydown = (event) => {
    event.stopPropagation()
    if (event.key === "Escape") close()
    else if (view.typed(event, field, { id, save, verbatim })) event.preventDefault()
    else if (event.key === "Enter") {
      event.preventDefault()
      save()
    }
  }
  if (!conflict) field.onblur = () => view.moving || save()
  view.editing = id
  const element = view.rows[index].querySelector(".text")
  element.dataset.state = "editing"
  const below = conflict ? choice(conflict, save, close) : make("div", { class: "hint" }, view.typingHint)
  element.replaceChildren(field, below)
  fitField(field)
  field.focus({ preventScroll: true })
  if (mark) field.setSelectionRange(...mark.map((letters) => placeOf(field.value, letters)))
  view.rows[index].scrollIntoView({ block: "nearest" })
}

const FITS = CSS.supports("field-sizing", "content")

/** Make a text field as high as its text, where the style alone does not. */
export function fitField(field) {
  if (FITS) return
  field.style.height = "auto"
  field.style.height = `${field.scrollHeight + 2}px`
}

function choice(conflict, save, close) {
  return make(
    "div",
    { class: "conflict", role: "alert", "data-conflict": true },
    make("div", {}, "Somebody else has corrected this sentence meanwhile. Theirs is:"),
    make("blockquote", {}, conflict.theirs),
    button("Keep mine", save, { "data-choice": "mine" }),
    button("Take theirs", close, { "data-choice": "theirs" }),
  )
}

function correct(view, id, text, version) {
  const failed = (error) => {
    const theirs = error.answer?.put?.find((line) => line.id === id)
    if (error.status !== 409 || !theirs) return false
    view.say("Not saved yet: choose between both versions.", true)
    // Once it is drawn that the act is no longer under way.
    queueMicrotask(() => view.alive && openEditor(view, id, { conflict: { mine: text, theirs: theirs.text } }))
    return true
  }
  // Put into written language: the text before is kept as what was said.
  const written = Boolean(view.data.written)
  const fields = () => ({ sentence: nowCalled(id), text, version: version(), written })
  send(view, { act: "edit", sentence: id, text }, fields, { failed })
}
