// Correcting a sentence in place, and choosing between two versions of it.

import { button, make } from "./dom.js"
import { rewrite } from "./pauses.js"
import { outbox, Refused } from "./wire.js"

const tidy = (text) => text.split(/\s+/).filter(Boolean).join(" ")

/** The text of a sentence that is on its way to the server, if any. */
export function unsentText(sentence) {
  const acts = outbox.acts.filter((act) => act.about.sentence === sentence.id)
  return acts.length ? acts.at(-1).about.text : null
}

/** Open the editor of a row; with `conflict` {mine, theirs} it shows both. */
export function openEditor(view, index, conflict = null) {
  const sentence = view.sentences[index]
  const line = view.rows[index].querySelector(".text")
  const chained = unsentText(sentence) !== null
  const version = sentence.version
  const before = unsentText(sentence) ?? sentence.text
  const field = make("textarea", {
    class: "editor", rows: "1", "aria-label": "Text of the sentence", spellcheck: "false",
  })
  field.value = conflict?.mine ?? before
  const fit = () => {
    field.style.height = "auto"
    field.style.height = `${field.scrollHeight + 2}px`
  }
  let open = true
  const close = () => {
    open = false
    view.editing = null
    view.drawText(index)
    view.list.focus({ preventScroll: true })
  }
  const save = () => {
    if (!open) return
    const text = tidy(field.value)
    close()
    if (!text) view.say("A sentence cannot be empty; it was left as it was.", true)
    else if (text !== before || conflict) {
      // After an own unsent correction the version is known only when its answer is in.
      send(view, sentence, text, () => (chained ? sentence.version : version))
    }
  }
  field.oninput = fit
  field.onkeydown = (event) => {
    event.stopPropagation()
    if (event.key === "Escape") close()
    else if (event.key === "Enter") {
      event.preventDefault()
      save()
    }
  }
  if (!conflict) field.onblur = save
  line.dataset.state = "editing"
  line.replaceChildren(field, conflict ? choice(conflict, save, close) : hint())
  view.editing = sentence.id
  fit()
  field.focus({ preventScroll: true })
  view.rows[index].scrollIntoView({ block: "nearest" })
}

function hint() {
  return make("div", { class: "hint" }, "Enter saves, Esc leaves it as it was.")
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

function send(view, sentence, text, version) {
  const take = (answer) => {
    rewrite(sentence, answer.text)
    sentence.version = answer.version
  }
  const redraw = () => view.drawText(view.places.get(sentence.id))
  view.status.classList.remove("alarm")
  outbox.send(
    "/api/sentence",
    () => ({ sentence: sentence.id, text, version: version() }),
    { sentence: sentence.id, text },
    (answer) => {
      take(answer)
      redraw()
    },
    (error) => {
      if (error instanceof Refused && error.status === 409) {
        take(error.answer)
        view.say("Not saved yet: choose between both versions.", true)
        if (view.alive) openEditor(view, view.places.get(sentence.id), {
          mine: text, theirs: error.answer.text,
        })
      } else {
        redraw()
        view.say(`Not saved: ${error.message}`, true)
      }
    },
  )
  redraw()
}
