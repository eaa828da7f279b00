// Whose words these are: digits for the speakers, and a menu for more than a sentence.

import { newPlace, nowCalled } from "./acts.js"
import { button, make, placeBeside } from "./dom.js"
import { turnAround } from "./lines.js"

const COLOURS = 8 // that tell speakers apart; the digit beside is the sure sign

const EXTENTS = [
  ["sentence", "this sentence"],
  ["turn", "its whole turn"],
  ["rest", "the turn from here on"],
  ["onwards", "from here on, all that this speaker says"],
]

/** The place of a speaker among the digits, from 0; -1 for nobody known. */
export const placeOfSpeaker = (view, id) => [...view.speakers.keys()].indexOf(id)

/** The name of the colour of a speaker, for styles. */
export function colourOf(view, id) {
  const place = placeOfSpeaker(view, id)
  return place < 0 ? "none" : String(place % COLOURS)
}

/** The mark of a speaker: a digit on its colour. */
export function badge(view, id) {
  const place = placeOfSpeaker(view, id)
  return make(
    "span",
    { class: "badge", "data-colour": colourOf(view, id), "aria-hidden": "true" },
    place < 0 ? "?" : String(place + 1),
  )
}

/** Give the selection to the speaker on a digit. */
export function give(view, digit) {
  const speaker = [...view.speakers.keys()][digit - 1]
  if (speaker === undefined) return view.say(`There is no speaker ${digit}. Press w for a new one.`)
  const lines = view.sentences.slice(view.span[0], view.span[1] + 1)
  if (lines.some((line) => line.speaker !== speaker)) giveLines(view, lines, "sentence", speaker)
}

/** Give what `extent` says, from the line at `index` on, to a speaker (null: nobody known). */
function giveTo(view, index, extent, speaker) {
  giveLines(view, meant(view.sentences, index, extent), extent, speaker, view.sentences[index])
}

function giveLines(view, lines, extent, speaker, from = lines[0]) {
  const through = extent === "sentence" ? lines.at(-1).id : null
  const sentences = lines.map((line) => line.id)
  view.act({ act: "give", sentences, speaker, newTurn: newPlace() }, () => ({
    sentence: nowCalled(from.id), extent, speaker, through: through && nowCalled(through),
  }))
}

function meant(lines, index, extent) {
  const [first, last] = turnAround(lines, index)
  if (extent === "sentence") return [lines[index]]
  if (extent === "turn") return lines.slice(first, last + 1)
  const rest = lines.slice(index, last + 1)
  if (extent === "rest") return rest
  const { speaker } = lines[index]
  return [...rest, ...lines.slice(last + 1).filter((line) => line.speaker === speaker)]
}

/** The menu beside the current line: how much, and whose it is. */
export function speakerMenu(view) {
  view.closePopup?.()
  const index = view.current
  const line = view.sentences[index]
  const close = () => {
    popup.remove()
    view.closePopup = null
    view.list.focus({ preventScroll: true })
  }
  const extent = () => popup.querySelector("input[name=extent]:checked").value
  const choose = (speaker) => {
    const much = extent()
    close()
    giveTo(view, index, much, speaker)
  }
  const added = () => {
    const [much, label] = [extent(), name.value]
    close()
    view.act({ act: "new_speaker" }, () => ({ label, sentence: nowCalled(line.id), extent: much }))
  }
  const name = make("input", {
    "aria-label": "Name of a new speaker", placeholder: "New speaker", maxlength: "80",
  })
  const extents = EXTENTS.map(([value, words], place) =>
    make("label", {}, make("input", { type: "radio", name: "extent", value, checked: !place }), words),
  )
  const voices = [...view.speakers.values()].map((speaker) =>
    button("", () => choose(speaker.id), {
      class: "entry", "data-speaker": speaker.id, "aria-current": String(speaker.id === line.speaker),
    }),
  )
  voices.forEach((entry, place) => {
    const speaker = [...view.speakers.values()][place]
    entry.append(badge(view, speaker.id), view.voice({ speaker: speaker.id }))
  })
  const popup = make(
    "div", { class: "popup whose", role: "dialog", "aria-label": "Whose words" },
    make("div", { class: "extents", role: "radiogroup", "aria-label": "How much" }, ...extents),
    ...voices,
    button("Nobody known", () => choose(null), { class: "entry" }),
    make("div", { class: "tools" }, name, button("Add", added)),
    make("div", { class: "hint" }, "A digit chooses a speaker, ↑ and ↓ how much, Esc closes."),
  )
  popup.onkeydown = (event) => {
    event.stopPropagation()
    const speaker = [...view.speakers.keys()][Number(event.key) - 1]
    if (event.key === "Escape") close()
    else if (event.target === name) event.key === "Enter" && (event.preventDefault(), added())
    else if (speaker !== undefined) (event.preventDefault(), choose(speaker))
  }
  view.closePopup = close
  view.frame.append(popup)
  placeBeside(popup, view.rows[index], view.frame)
  popup.querySelector("input").focus({ preventScroll: true })
}
