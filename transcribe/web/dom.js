// Small helpers for the page's elements. Text is only ever set as text, never as HTML.

/** Make an element: make("span", {class: "who", title: "…"}, "text or child", …). */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element[name] = value
    else if (value === true) element.setAttribute(name, "")
    else if (value !== false && value != null) element.setAttribute(name, value)
  }
  element.append(...children.filter((child) => child != null))
  return element
}

/** A button that looks like the workbench's own. */
export function button(label, onclick, attributes = {}) {
  return make("button", { type: "button", class: "button", onclick, ...attributes }, label)
}

/** 75.3 -> "1:15", 3675 -> "1:01:15". */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds))
  const two = (value) => String(value).padStart(2, "0")
  const minutes = Math.floor(whole / 60)
  if (minutes < 60) return `${minutes}:${two(whole % 60)}`
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`
}

/** An id for one act of this browser; repeated, it changes nothing on the server. */
export function newId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("")
}

/** Place a pop-up beside a row, upwards where there is no room below. */
export function placeBeside(popup, row, frame) {
  const at = row.getBoundingClientRect()
  const within = frame.getBoundingClientRect()
  const top = Math.max(at.top, within.top)
  const bottom = Math.min(at.bottom, within.bottom)
  const below = within.bottom - bottom
  popup.style.left = "72px"
  if (below > popup.offsetHeight + 12 || below > top - within.top) {
    popup.style.top = `${bottom - within.top + 4}px`
    popup.style.maxHeight = `${Math.max(160, below - 12)}px`
  } else {
    popup.style.bottom = `${within.bottom - top + 4}px`
    popup.style.maxHeight = `${Math.max(160, top - within.top - 12)}px`
  }
}
