// The text of a sentence as it is drawn: pauses, doubtful words, notes such as [laughs] and
// *emphasis*. None of the marks is text to copy; offsets count letters, as the server does.

import { button, clock, make } from "./dom.js"
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

/** Which doubts about a stretch of sound belong below which line: id -> doubts. */
export function doubtsBelow(lines, doubts) {
  const below = new Map()
  for (const doubt of doubts) {
    const line = lines.findLast((one) => one.start != null && one.start <= doubt.start) ?? lines[0]
    if (line) below.set(line.id, [...(below.get(line.id) ?? []), doubt])
  }
  return below
}

/**
 * All doubtful places in order: [index of the line, number of the place in it], first those
 * in its `weak`, then those below it.
 */
export function doubtful(lines, below) {
  return lines.flatMap((line, index) => {
    const count = line.weak.length + (below.get(line.id)?.length ?? 0)
    return Array.from({ length: count }, (_, place) => [index, place])
  })
}

/** What the recogniser dropped or doubted, with its sound to hear. */
export function doubtNote(doubt, looked, play) {
  const text = doubt.text ? `«${doubt.text}»` : "Nothing kept"
  return make(
    "div", { class: `doubted${looked ? " at" : ""}` },
    button("▶", play, { "aria-label": "Hear it", title: `Hear it, from ${clock(doubt.start)}` }),
    `${text}: ${doubt.why}`,
  )
}
