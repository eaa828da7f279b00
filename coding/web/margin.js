// The coding margin: which stripes and chips stand beside which sentence.
// Pure: values in, values out; codings are grouped when coders agree on segment and code.

/** A key for the words that a segment covers. */
export const placeKey = ({ first, last, trim_start, trim_end }) =>
  `${first}-${last}-${trim_start}-${trim_end}`

/** A key for one coder's reading of one segment under one code. */
export const keyOf = (coding) => `${placeKey(coding)}-${coding.code}-${coding.coder}`

/** The words of a segment that begins or ends within a sentence; "" for whole sentences. */
export function partOf({ from, to, trim_start, trim_end }, sentences) {
  if (!trim_start && !trim_end) return ""
  const texts = sentences.slice(from, to + 1).map(({ text }) => [...text])
  // The end first: in one sentence both count from its own ends.
  const last = texts.at(-1)
  last.length = Math.max(0, last.length - trim_end)
  texts[0] = texts[0].slice(trim_start)
  return texts.map((letters) => letters.join("")).join(" ")
}

/**
 * What the margin shows: the saved codings with the unsent acts laid over them.
 * Returns a Map key -> {first, last, code, coder, state: "saved" | "unsent"}.
 */
export function overlaid(saved, acts, me) {
  const shown = new Map()
  for (const [key, coding] of saved) shown.set(key, { ...coding, state: "saved" })
  for (const { about } of acts) {
    if (about.coding === undefined) continue
    const coding = { coder: me, ...about.coding }
    const key = keyOf(coding)
    if (about.set) {
      if (!shown.has(key)) shown.set(key, { ...coding, state: "unsent" })
    } else shown.delete(key)
  }
  return shown
}

/** Group codings of the same segment and code, and give each group a lane of its own. */
export function stripes(codings, places, sentences) {
  const groups = new Map()
  for (const coding of codings) {
    const from = places.get(coding.first)
    const to = places.get(coding.last)
    if (from === undefined || to === undefined) continue
    const key = `${placeKey(coding)}-${coding.code}`
    if (!groups.has(key)) {
      const { code, trim_start, trim_end } = coding
      const part = partOf({ from, to, trim_start, trim_end }, sentences)
      groups.set(key, { from, to, code, part, place: placeKey(coding), coders: [], state: "saved" })
    }
    const group = groups.get(key)
    group.coders.push(coding.coder)
    if (coding.state === "unsent") group.state = "unsent"
  }
  const ordered = [...groups.values()].sort((a, b) => a.from - b.from || b.to - a.to)
  const ends = [] // per lane: the last row it is taken
  for (const group of ordered) {
    let lane = ends.findIndex((end) => end < group.from)
    if (lane < 0) lane = ends.length
    ends[lane] = group.to
    group.lane = lane
  }
  return { groups: ordered, lanes: ends.length }
}

/** For each row: the stripes that touch it, and a text that changes when they do. */
export function byRow(groups, count) {
  const rows = Array.from({ length: count }, () => ({ groups: [], signature: "" }))
  for (const group of groups) {
    const mark = `${group.lane}:${group.code}:${group.coders}:${group.state}:${group.part}`
    for (let row = group.from; row <= group.to; row += 1) {
      rows[row].groups.push(group)
      const part = `${row === group.from ? "[" : ""}${mark}${row === group.to ? "]" : ""};`
      rows[row].signature += part
    }
  }
  return rows
}

/** The nine codes on the digits: those used most, and they keep their digits. */
export function pinned(codes) {
  return [...codes]
    .sort((a, b) => b.uses - a.uses || a.name.localeCompare(b.name))
    .slice(0, 9)
    .map((code) => code.id)
}

const fold = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase()

/** How well a code fits what was typed; null when it does not. Smaller is better. */
export function fit(code, typed) {
  const words = fold(typed).split(/\s+/).filter(Boolean)
  const name = fold(code.name)
  const definition = fold(code.definition)
  let cost = 0
  for (const word of words) {
    if (name.startsWith(word)) cost += 0
    else if (name.includes(` ${word}`)) cost += 1
    else if (name.includes(word)) cost += 2
    else if (definition.includes(word)) cost += 4
    else if (scattered(name, word)) cost += 6
    else return null
  }
  return cost
}

/** All letters of `word` in this order, with others between them. */
function scattered(name, word) {
  let at = -1
  return [...word].every((letter) => (at = name.indexOf(letter, at + 1)) >= 0)
}
