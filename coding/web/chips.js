// What stands in the margin beside one sentence: stripes, and a chip where a coding begins.

import { make } from "../fokus.transcript/dom.js"
import { swatch } from "./palette.js"

/** The stripes and chips of a row; `quoted` starts with "q" where a quote begins. */
export function marginOf(view, groups, index, quoted) {
  const parts = groups.map((group) => stripe(view, group, index))
  const chips = groups.filter((group) => group.from === index).map((group) => chipOf(view, group))
  if (quoted?.[0] === "q") {
    const part = quoted.slice(1)
    const label = make("span", { class: "chip quote", title: "Marked as a quote" }, "❝ quote")
    if (part) label.append(words(part))
    chips.unshift(label)
  }
  return [...parts, make("div", { class: "chips" }, ...chips)]
}

function stripe(view, group, index) {
  const ends = `${index === group.from ? " top" : ""}${index === group.to ? " bottom" : ""}`
  const line = make("span", { class: `stripe${ends}`, title: told(view, group), "aria-hidden": "true" })
  line.style.setProperty("--lane", group.lane)
  line.style.setProperty("--code", view.codeOf.get(group.code)?.color ?? "var(--quiet)")
  return line
}

function told(view, group) {
  const coders = group.coders.map((coder) => view.initials.get(coder) ?? "?").join(", ")
  return `${view.codeOf.get(group.code)?.name ?? "…"} (${coders})`
}

function chipOf(view, group) {
  const code = view.codeOf.get(group.code)
  const own = group.coders.includes(view.me)
  const length = group.to - group.from + 1
  const title = told(view, group)
  const chip = make(
    "span",
    {
      class: `chip${own ? " own" : ""}`, "data-code": group.code, "data-state": group.state,
      "data-coders": group.coders.join(" "), "data-place": group.place,
      title: code?.definition ? `${title}: ${code.definition}` : title,
    },
    swatch(code),
    make("span", { class: "name" }, code?.name ?? "…"),
    length > 1 ? make("span", { class: "length" }, `${length} sentences`) : null,
    group.part ? words(group.part) : null,
    ...group.coders.map((coder) => make("span", { class: "initials" }, view.initials.get(coder) ?? "?")),
  )
  if (own && view.data.may_code) chip.append(make("span", { class: "drop", title: "Take back (x)" }, "×"))
  return chip
}

/** What a segment covers of its sentences. */
function words(part) {
  return make("span", { class: "part", title: part }, `«${part}»`)
}
