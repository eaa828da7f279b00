// The questions of the interview guide: where each is asked, and the menu that marks it.

import { nowCalled } from "./acts.js"
import { button, make, placeBeside } from "./dom.js"

const guideOf = (view) => view.body?.questions ?? []

/** The note on a line at which a question of the guide is asked; null on others. */
export function askedNote(view, line) {
  const place = guideOf(view).findIndex((question) => question.id === line.question)
  if (place < 0) return null
  return make("div", { class: "asked" }, `Question ${place + 1}: ${guideOf(view)[place].text}`)
}

/** The menu beside the current line: which question is asked here. */
export function questionMenu(view) {
  const guide = guideOf(view)
  if (!guide.length) return view.say("There is no interview guide yet. The page Group has a place for it.")
  view.closePopup?.()
  const line = view.sentences[view.current]
  const close = () => {
    popup.remove()
    view.closePopup = null
    view.list.focus({ preventScroll: true })
  }
  const choose = (question) => {
    close()
    view.act({ act: "mark_question", sentence: line.id, question }, () => ({
      sentence: nowCalled(line.id), question,
    }))
  }
  const entries = guide.map((question, place) =>
    button(`${place + 1}. ${question.text}`, () => choose(question.id), {
      class: "entry", "aria-current": String(question.id === line.question),
    }),
  )
  if (line.question != null) {
    entries.push(button("No question here", () => choose(null), { class: "entry" }))
  }
  const popup = make(
    "div", { class: "popup whose", role: "dialog", "aria-label": "Question of the guide" },
    ...entries, make("div", { class: "hint" }, "↑ and ↓ choose, Enter marks, Esc closes."),
  )
  popup.onkeydown = (event) => {
    event.stopPropagation()
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (event.key === "Escape") close()
    else if (step) {
      event.preventDefault()
      const now = entries.indexOf(popup.getRootNode().activeElement)
      entries[(now + step + entries.length) % entries.length].focus()
    }
  }
  view.closePopup = close
  view.frame.append(popup)
  placeBeside(popup, view.rows[view.current], view.frame)
  entries[Math.max(0, guide.findIndex((one) => one.id === line.question))].focus({ preventScroll: true })
}
