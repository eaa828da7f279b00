// The text of a sentence as it is drawn: pauses, doubtful words, notes such as [laughs] and
// *emphasis*. None of the marks is text to copy; offsets count letters, as the server does.

import { make } from "./dom.js"
import { lettersTo } from "./lines.js"

const NOTES = /\[[^[\]\n]{1,40}\]/g
const STRESSED = /\*(?=\S)[^*\n]{1,200}?(?<=\S)\*/g

/** What a person can note of a sentence besides its words; `key` with Ctrl while typing. */
export const MARKS = [
  { key: "i", does: "emphasis: *so*", around: "*" },
  { key: "m", does: "[inaudible]", text: "[inaudible]" },
  { key: "l", does: "[laughs]", text: "[laughs]" },
]

/** Give the nodes of a sentence; `at` is the doubtful place that is looked at, if any. */
export function drawn(line, at = null) {
  const letters = [...line.text]
  const ranges = [
    ...line.weak.map(([start, end, why], index) => ({
      start, end, name: index === at ? "weak at" : "weak", why,
    })),
    ...found(line.text, STRESSED, "stressed"),
    ...found(line.text, NOTES, "noted"),
  ]
  const cuts = new Set([0, letters.length])
  for (const { start, end } of ranges) cuts.add(start).add(end)
  for (const { offset } of line.pauses) cuts.add(offset)
  const places = [...cuts].filter((cut) => cut <= letters.length).sort((a, b) => a - b)
  const nodes = []
  places.forEach((from, index) => {
    for (const pause of line.pauses) if (pause.offset === from) nodes.push(silence(pause))
    if (index + 1 === places.length) return
    const to = places[index + 1]
    const over = ranges.filter((range) => range.start <= from && to <= range.end)
    const text = letters.slice(from, to).join("")
    const title = over.map((range) => range.why).filter(Boolean).join("; ")
    nodes.push(over.length
      ? make("span", { class: over.map((range) => range.name).join(" "), title: title || null }, text)
      : text)
  })
  return nodes
}

function found(text, pattern, name) {
  return [...text.matchAll(pattern)].map((hit) => {
    const start = lettersTo(text, hit.index)
    return { start, end: start + [...hit[0]].length, name }
  })
}

function silence({ mark }) {
  const label = `Pause of ${mark.slice(1, -1)}`
  return make("span", { class: "pause", "data-mark": mark, role: "img", "aria-label": label })
}

/** Put a mark where the cursor of a text field is; emphasis goes around what is marked. */
export function putMark(field, { around, text }) {
  const { selectionStart: from, selectionEnd: to, value } = field
  const chosen = value.slice(from, to)
  const gap = (letter) => (letter && !/\s/.test(letter) ? " " : "")
  const put = around
    ? `${around}${chosen}${around}`
    : `${gap(value[from - 1])}${text}${gap(value[to])}`
  field.setRangeText(put, from, to, "end")
  if (around && !chosen) field.selectionStart = field.selectionEnd = from + around.length
  field.dispatchEvent(new Event("input"))
}

/** All doubtful places in order: [index of the line, index in its `weak`, or null for all]. */
export function doubtful(lines) {
  return lines.flatMap((line, index) => {
    if (line.weak.length) return line.weak.map((_, place) => [index, place])
    return line.doubt ? [[index, null]] : []
  })
}
