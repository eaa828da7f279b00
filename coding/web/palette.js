// Two pop-ups: find a code by typing, and make a new one.

import { button, make, placeBeside } from "../fokus.transcript/dom.js"
import { fit } from "./margin.js"

const MOST = 12

/** Pop up beside the current row; returns the function that closes it. */
function popUp(view, popup) {
  view.closePopup?.()
  const close = () => {
    popup.remove()
    view.closePopup = null
    view.list.focus({ preventScroll: true })
  }
  popup.addEventListener("keydown", (event) => {
    event.stopPropagation()
    if (event.key === "Escape") close()
  })
  view.closePopup = close
  view.frame.append(popup)
  placeBeside(popup, view.rows[view.current], view.frame)
  return close
}

/** Type-ahead over names and definitions; chosen(code), or created(text) on no hit. */
export function findCode(view, chosen, created) {
  const field = make("input", {
    "aria-label": "Find a code", role: "combobox", "aria-expanded": "true",
    "aria-controls": "found", "aria-autocomplete": "list", placeholder: "Name or definition",
    autocomplete: "off",
  })
  const found = make("div", { id: "found", role: "listbox", "aria-label": "Codes found" })
  const popup = make("div", { class: "popup find" }, field, found)
  let hits = []
  let at = 0
  const pick = (index) => {
    const hit = hits[index]
    close()
    if (hit) chosen(hit)
    else if (field.value.trim()) created(field.value.trim())
  }
  const draw = () => {
    hits = view.codes
      .map((code) => ({ code, cost: fit(code, field.value) }))
      .filter(({ cost }) => cost !== null)
      .sort((a, b) => a.cost - b.cost || b.code.uses - a.code.uses)
      .slice(0, MOST)
      .map(({ code }) => code)
    at = Math.min(at, Math.max(0, hits.length - 1))
    const typed = field.value.trim()
    const options = hits.map((code, index) => option(view, code, index === at, () => pick(index)))
    if (!hits.length && typed) {
      const words = `Create the code «${typed}»`
      options.push(make("div", {
        class: "option", id: "option-new", role: "option", "aria-selected": "true",
        "data-create": true, onmousedown: (event) => (event.preventDefault(), pick(0)),
      }, words))
    } else if (!hits.length) options.push(make("div", { class: "hint" }, "No codes yet: type a name."))
    found.replaceChildren(...options)
    const active = found.querySelector("[aria-selected=true]")
    field.setAttribute("aria-activedescendant", active?.id ?? "")
    active?.scrollIntoView({ block: "nearest" })
  }
  const step = (by) => {
    at = hits.length ? (at + by + hits.length) % hits.length : 0
    draw()
  }
  field.oninput = () => {
    at = 0
    draw()
  }
  field.onkeydown = (event) => {
    const acts = { ArrowDown: () => step(1), ArrowUp: () => step(-1), Enter: () => pick(at) }
    if (!acts[event.key]) return
    event.preventDefault()
    acts[event.key]()
  }
  draw()
  const close = popUp(view, popup)
  field.onblur = () => setTimeout(() => popup.isConnected && !popup.matches(":focus-within") && close(), 150)
  field.focus({ preventScroll: true })
}

function option(view, code, active, onpick) {
  return make(
    "div",
    {
      class: "option", id: `option-${code.id}`, role: "option", "data-code": code.id,
      "aria-selected": String(active), title: code.definition,
      onmousedown: (event) => (event.preventDefault(), onpick()),
    },
    swatch(code),
    make("span", {}, code.name),
    code.definition ? make("small", {}, code.definition) : null,
  )
}

/** The colour of a code; its name always stands beside it. */
export function swatch(code) {
  const dot = make("span", { class: "swatch", "aria-hidden": "true" })
  dot.style.setProperty("--code", code?.color ?? "var(--quiet)")
  return dot
}

/** A new code: name, definition, kind. made({name, definition, kind}) may refuse by throwing. */
export function newCode(view, name, made) {
  const field = make("input", { "aria-label": "Name of the new code", placeholder: "Name", maxlength: "120" })
  const text = make("textarea", {
    "aria-label": "Definition", rows: "3", placeholder: "Definition: what belongs here, what does not",
  })
  const kind = make("select", { "aria-label": "Kind" },
    make("option", { value: "semantic" }, "semantic: what was said"),
    make("option", { value: "latent" }, "latent: what lies beneath"))
  const trouble = make("div", { class: "hint alarm", role: "alert" })
  field.value = name
  const save = async () => {
    if (!field.value.trim()) return field.focus()
    act.disabled = true
    try {
      await made({ name: field.value.trim(), definition: text.value.trim(), kind: kind.value })
      close()
    } catch (error) {
      trouble.textContent = error.message
    }
    act.disabled = false
  }
  const act = button("Create and apply", save, { "data-act": "create" })
  const popup = make(
    "div", { class: "popup new", role: "dialog", "aria-label": "New code" },
    field, text, kind, trouble,
    make("div", { class: "tools" }, act, button("Cancel", () => close())),
    make("div", { class: "hint" }, "Enter in the name, or Ctrl+Enter, creates it."),
  )
  popup.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.target === field || event.ctrlKey)) {
      event.preventDefault()
      save()
    }
  })
  const close = popUp(view, popup)
  field.focus({ preventScroll: true })
  field.select()
}
