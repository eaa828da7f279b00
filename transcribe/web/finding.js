// Find and replace: every place is shown as it is and as it would be, before anything is sent.

import { nowCalled, versionOf } from "./acts.js"
import { button, make } from "./dom.js"
import { lettersTo, tidy } from "./lines.js"

const AROUND = 32 // characters shown on either side of a place
const MOST = 300 // places shown

/** All places of `wanted` in a text: [from, to] as JavaScript counts. */
export function placesIn(text, wanted, { capitals, whole }) {
  if (!wanted) return []
  const letter = "[\\p{L}\\p{N}_]"
  const escaped = wanted.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")
  const source = whole ? `(?<!${letter})${escaped}(?!${letter})` : escaped
  const pattern = new RegExp(source, capitals ? "gu" : "giu")
  return [...text.matchAll(pattern)].map((hit) => [hit.index, hit.index + hit[0].length])
}

/** A text with something else in the given places. */
export function withPlaces(text, places, other) {
  let made = ""
  let from = 0
  for (const [start, end] of places) {
    made += text.slice(from, start) + other
    from = end
  }
  return made + text.slice(from)
}

/** Open the panel of a view. */
export function findPlaces(view) {
  view.closePopup?.()
  const left = new Set() // places that are not to be replaced: "id:from"
  let hits = []
  const close = () => {
    popup.remove()
    view.closePopup = null
    view.list.focus({ preventScroll: true })
  }
  const wanted = make("input", { "aria-label": "Find", placeholder: "Find" })
  const other = make("input", { "aria-label": "Replace with", placeholder: "Replace with" })
  const capitals = make("input", { type: "checkbox" })
  const whole = make("input", { type: "checkbox" })
  const count = make("div", { class: "hint", role: "status" })
  const shown = make("div", { class: "hits" })
  const go = button("Replace", () => replace(), { "data-act": "replace" })
  const search = () => {
    const options = { capitals: capitals.checked, whole: whole.checked }
    hits = view.sentences.flatMap((line, index) =>
      placesIn(line.text, wanted.value, options).map(([from, to]) => ({
        line, index, from, to, key: `${line.id}:${from}`,
      })),
    )
    draw()
  }
  const draw = () => {
    shown.replaceChildren(...hits.slice(0, MOST).map((hit) => row(hit)))
    tell()
  }
  const tell = () => {
    const chosen = hits.filter((hit) => !left.has(hit.key)).length
    const more = hits.length > MOST ? `; the first ${MOST} are shown` : ""
    count.textContent = wanted.value ? `${hits.length} found, ${chosen} chosen${more}.` : ""
    go.disabled = !chosen || !view.open
  }
  const row = (hit) => {
    const { line, from, to, key } = hit
    const mine = make("input", { type: "checkbox", "aria-label": "Replace here", checked: !left.has(key) })
    mine.onchange = () => {
      left[mine.checked ? "delete" : "add"](key)
      tell()
    }
    const before = line.text.slice(Math.max(0, from - AROUND), from)
    const words = make("button", {
      type: "button", class: "hit", title: "Go there", onclick: () => view.move(view.places.get(line.id) ?? 0),
    }, from > AROUND ? `…${before}` : before, make("del", {}, line.text.slice(from, to)))
    if (other.value) words.append(make("ins", {}, other.value))
    words.append(line.text.slice(to, to + AROUND), to + AROUND < line.text.length ? "…" : "")
    return make("div", {}, view.open ? mine : "", words)
  }
  const replace = () => {
    const chosen = hits.filter((hit) => !left.has(hit.key))
    const texts = new Map()
    const sent = []
    for (const line of new Set(chosen.map((hit) => hit.line))) {
      const places = chosen.filter((hit) => hit.line === line)
      const text = tidy(withPlaces(line.text, places.map(({ from, to }) => [from, to]), other.value))
      // What would be left empty is removed by a person, not by replacing.
      if (!text || text === line.text) continue
      texts.set(line.id, text)
      const version = versionOf(view, line)
      for (const { from, to } of places) sent.push([line, version, from, to])
    }
    if (!texts.size) return view.say("Nothing would change.")
    close()
    view.act({ act: "replace", texts }, () => ({
      with: other.value,
      places: sent.map(([{ id, text }, version, from, to]) => [
        nowCalled(id), version(), lettersTo(text, from), lettersTo(text, to),
      ]),
    }), { done: () => `Replaced in ${texts.size === 1 ? "one sentence" : `${texts.size} sentences`}.` })
  }
  const popup = make(
    "div", { class: "popup finding", role: "dialog", "aria-label": "Find and replace" },
    wanted, view.open ? other : "",
    make("div", { class: "tools" },
      make("label", {}, capitals, "capitals matter"), make("label", {}, whole, "whole words")),
    count, shown,
    make("div", { class: "tools" }, view.open ? go : "", button("Close", close)),
  )
  wanted.oninput = capitals.onchange = whole.onchange = search
  other.oninput = draw
  popup.onkeydown = (event) => {
    event.stopPropagation()
    if (event.key === "Escape") close()
    else if (event.key === "Enter" && event.target === other && !go.disabled) replace()
  }
  view.closePopup = close
  view.frame.append(popup)
  const marked = String(view.root.getRootNode().getSelection?.() ?? "").trim()
  wanted.value = marked.includes("\n") ? "" : marked.slice(0, 80)
  search()
  wanted.focus({ preventScroll: true })
  wanted.select()
}
