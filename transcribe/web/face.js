// A view as a component of Streamlit.

/** What Streamlit calls whenever the page's data or the theme changes. */
export function face(View) {
  const views = new WeakMap()
  return ({ parentElement, data }) => {
    const root = parentElement.querySelector(".fokus")
    const known = views.get(root)
    if (known) known.update(data)
    else views.set(root, new View(root, data))
    return () => {
      views.get(root)?.destroy()
      views.delete(root)
    }
  }
}
