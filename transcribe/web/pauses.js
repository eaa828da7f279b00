// Pauses inside sentences: marks that are drawn between the words and are no text to copy.

import { make } from "./dom.js"

/** Give a sentence's text and its pauses as nodes; offsets count letters, as in Python. */
export function withPauses(sentence) {
  const letters = [...sentence.text]
  const parts = []
  let from = 0
  for (const { offset, mark } of sentence.pauses) {
    const label = `Pause of ${mark.slice(1, -1)}`
    const pause = { class: "pause", "data-mark": mark, role: "img", "aria-label": label }
    parts.push(letters.slice(from, offset).join(""), make("span", pause))
    from = offset
  }
  return [...parts, letters.slice(from).join("")]
}

/** Give a sentence another text, in which nobody knows the place of the pauses. */
export function rewrite(sentence, text) {
  if (sentence.text !== text) {
    sentence.pauses = sentence.pauses.filter((pause) => pause.offset === 0)
  }
  sentence.text = text
}
