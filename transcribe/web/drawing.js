// The rows of a transcript: drawn in blocks that the browser skips while they are out of
// sight, and redrawn only where lines have changed.

import { clock, make } from "./dom.js"
import { opens } from "./lines.js"

const BLOCK = 16 // rows of a block
const ROW_HEIGHT = 44 // a guess until a block was seen

/** Draw all lines of a view anew. */
export function drawAll(view) {
  view.blocks = []
  view.rows = view.sentences.map((_, index) => view.row(index))
  view.list.replaceChildren()
  place(view, 0, 0, view.rows.length)
}

/** Draw what differs from the lines `before`; rows of lines that stayed are kept. */
export function drawChanges(view, before) {
  const after = view.sentences
  const most = Math.min(before.length, after.length)
  let head = 0
  while (head < most && same(before, head, after, head)) head += 1
  let tail = 0
  while (tail < most - head && same(before, before.length - 1 - tail, after, after.length - 1 - tail)) {
    tail += 1
  }
  const [was, end] = [before.length - tail, after.length - tail]
  const rows = new Map(before.slice(head, was).map((line, at) => [line.id, view.rows[head + at]]))
  const between = after.slice(head, end).map((line) => rows.get(line.id))
  view.rows = [...view.rows.slice(0, head), ...between, ...view.rows.slice(was)]
  after.forEach((line, index) => {
    const row = view.rows[index]
    if (!row) return view.row(index)
    if (row.place !== index) row.place = row.dataset.index = index // reading data is slow
    const stays = index < head ? before[index] === line : index >= end && before[index - end + was] === line
    if (!stays) dress(view, index)
  })
  if (head + tail < Math.max(before.length, after.length)) place(view, head, was, end)
}

function same(before, at, after, to) {
  return before[at].id === after[to].id && before[at].turn === after[to].turn
    && before[at].speaker === after[to].speaker && opens(before, at) === opens(after, to)
}

/** Put the rows [from, end) into blocks where the rows [from, was) stood. */
function place(view, from, was, end) {
  const grown = end - was
  let [start, stop] = [0, 0] // the rows, as they were, of the blocks that are touched
  let [first, past] = [0, 0] // those blocks
  let seen = 0
  const blocks = view.blocks
  while (first < blocks.length - 1 && seen + blocks[first].size < from) seen += blocks[first++].size
  start = seen
  past = first
  while (past < blocks.length && (past === first || seen < was)) seen += blocks[past++].size
  stop = seen + grown
  // A text that is being typed moves with its row: that is not leaving it.
  const field = view.list.querySelector("textarea:focus")
  const chosen = field && [field.selectionStart, field.selectionEnd]
  view.moving = true
  const fresh = []
  // At least that many in each, so that inserting does not crumble them.
  const step = Math.ceil((stop - start) / Math.max(1, Math.floor((stop - start) / BLOCK)))
  for (let at = start; at < stop; at += step) {
    const size = Math.min(step, stop - at)
    const element = make("div", { class: "block", role: "presentation" })
    element.style.containIntrinsicSize = `auto ${size * ROW_HEIGHT}px`
    fill(view, element, at, at + size)
    fresh.push({ element, size })
  }
  const next = blocks[past]?.element ?? null
  for (const { element } of blocks.splice(first, past - first, ...fresh)) element.remove()
  for (const { element } of fresh) view.list.insertBefore(element, next)
  if (field?.isConnected) {
    field.focus({ preventScroll: true })
    field.setSelectionRange(...chosen)
  } else if (field) {
    view.list.focus({ preventScroll: true })
    view.say(`Somebody else took this sentence out. You had typed: ${field.value}`, true)
  }
  view.moving = false
  view.list.querySelector(".empty")?.remove()
  if (!view.rows.length) view.list.append(make("p", { class: "empty" }, view.emptyText))
}

/** One group per turn, so that a screen reader says whose words come. */
function fill(view, block, start, end) {
  let turn = null
  for (let index = start; index < end; index += 1) {
    if (!turn || opens(view.sentences, index)) {
      turn = make("div", { role: "group", "aria-label": view.voice(view.sentences[index]) })
      block.append(turn)
    }
    turn.append(view.rows[index])
  }
}

/** Name all turns anew: a speaker is called otherwise now. */
export function nameAll(view) {
  view.rows.forEach((row, index) => {
    const line = view.sentences[index]
    row.parentElement.setAttribute("aria-label", view.voice(line))
    if (opens(view.sentences, index)) view.drawWho(row.querySelector(".who"), line)
  })
}

/** Make the row of a line. */
export function newRow(view, index) {
  const row = make(
    "div",
    { class: "row", role: "option", "aria-selected": "false", "data-index": index },
    make("span", { class: "time" }),
    make("div", { class: "said" }, make("div", { class: "who" }), make("div", { class: "text" })),
  )
  view.rows[index] = row
  dress(view, index)
  return row
}

/** Bring the row of a line up to it. */
function dress(view, index) {
  const [row, line] = [view.rows[index], view.sentences[index]]
  const begins = opens(view.sentences, index)
  row.id = `s${line.id}`
  row.dataset.sentence = line.id
  row.classList.toggle("opens", begins)
  row.querySelector(".time").textContent = line.start == null ? "" : clock(line.start)
  const who = row.querySelector(".who")
  who.hidden = !begins
  if (begins) view.drawWho(who, line)
  view.drawText(index)
}
