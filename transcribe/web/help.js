// The map of keys, made of the same rows that the keys work by.

import { button, make } from "./dom.js"

/** sections: [heading, rows of keys] each. */
export function showKeys(view, ...sections) {
  const close = () => {
    dialog.remove()
    view.list.focus({ preventScroll: true })
  }
  const rows = sections.flatMap(([heading, keys]) => [
    make("h3", {}, heading),
    ...keys.map(([, shown, does]) => make("div", {}, make("kbd", {}, shown), make("span", {}, does))),
  ])
  const dialog = make(
    "div",
    { class: "popup keys", role: "dialog", "aria-label": "Keys", tabindex: "-1" },
    make("div", { class: "grid" }, ...rows),
    button("Close", close),
  )
  dialog.onkeydown = (event) => {
    event.stopPropagation()
    if (["Escape", "?"].includes(event.key)) close()
  }
  view.frame.querySelector(".keys")?.remove()
  view.frame.append(dialog)
  dialog.focus()
}

/** The name of a key in the map: "j", "J", "Shift+ArrowDown", "Ctrl+z". */
export function keyName({ key, shiftKey, ctrlKey, metaKey }) {
  const plain = key.length === 1 && key !== " "
  if (ctrlKey || metaKey) return `Ctrl+${shiftKey ? "Shift+" : ""}${plain ? key.toLowerCase() : key}`
  return `${shiftKey && !plain ? "Shift+" : ""}${key}`
}
