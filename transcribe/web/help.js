// The map of keys, made of the same rows that the keys work by.

import { button, make } from "./dom.js"

export function showKeys(view) {
  const close = () => {
    dialog.remove()
    view.list.focus({ preventScroll: true })
  }
  const rows = view.keys.map(([, shown, does]) =>
    make("div", {}, make("kbd", {}, shown), make("span", {}, does)),
  )
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
