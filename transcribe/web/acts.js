// Acts on a transcript: painted at once, sent in order, and replaced by the server's answer.

import { patched } from "./lines.js"
import { outbox, read, Refused } from "./wire.js"

const MOST_IDS = 200 // lines read one by one; when more have changed, all are read

// What the server calls lines and turns that were painted before it had made them.
const known = new Map()
let last = 0

/** An id for a line or a turn that is not made yet. */
export const newPlace = () => (last -= 1)

/** The server's id for one of ours, when it is known. */
export function nowCalled(id) {
  while (known.has(id)) id = known.get(id)
  return id
}

/** The acts on a transcript that are on their way, with the ids that are known by now. */
export function underWay(transcript) {
  return outbox.acts.filter(({ about }) => about.act && about.transcript === transcript)
    .map(({ about }) => {
      const { sentence, after, turn, sentences } = about
      const called = { sentence: nowCalled(sentence), after: nowCalled(after), turn: nowCalled(turn) }
      return { ...about, ...called, sentences: sentences?.map(nowCalled) }
    })
}

/**
 * Do an act: `about` {act, …} is what lines.js paints, `fields()` gives what is sent when its
 * turn comes. done(answer) may give what is said of it; failed(error) tells whether it has
 * dealt with a refusal.
 */
export function send(view, about, fields, { done, failed } = {}) {
  const transcript = view.data.transcript
  view.status.classList.remove("alarm")
  outbox.send(
    "/api/act",
    () => ({ transcript, act: about.act, ...fields() }),
    { ...about, transcript },
    (answer) => {
      call(about, view.base, answer)
      if (view.data.transcript !== transcript || !view.alive) return
      take(view, answer)
      view.result = done?.(answer) ?? null
    },
    (error) => {
      const now = error instanceof Refused ? error.answer : {}
      if (now.put && view.data.transcript === transcript) takeLines(view, now)
      if (!failed?.(error)) view.say(`Not saved: ${error.message}`, true)
    },
  )
}

/** Gives the version in which a line was read; of one with unsent acts, at sending time. */
export function versionOf(view, line) {
  if (!line.unsent) return () => line.version
  return () => view.base.find((one) => one.id === nowCalled(line.id))?.version ?? 0
}

/** Learn what the server called the lines and turns that an act has made. */
function call(about, lines, answer) {
  if (about.temp === undefined) return
  const had = new Set(lines.map((line) => line.id))
  const turns = new Set(lines.map((line) => line.turn))
  const line = answer.put.find((one) => !had.has(one.id))
  const turn = answer.put.find((one) => !turns.has(one.turn))?.turn
  if (about.act === "split_turn") known.set(about.temp, turn ?? about.temp)
  else if (line) known.set(about.temp, line.id)
  if (about.turn < 0 && turn !== undefined) known.set(about.turn, turn)
}

/** Take the answer to an act of ours in. */
function take(view, answer) {
  view.answered.add(answer.revision)
  view.answers += 1
  if (answer.speakers) view.takeSpeakers(answer.speakers)
  takeLines(view, answer)
}

/** News of an act, maybe of ours: read the lines that it touched. */
export async function follow(view, { revision, touched, speakers }) {
  if (view.answered.delete(revision)) return
  if (touched.length > MOST_IDS) return view.load()
  if (!touched.length && !speakers) return
  const transcript = view.data.transcript
  for (let answers = -1; answers !== view.answers; ) {
    answers = view.answers
    const { body } = await read(`/api/transcript/${transcript}/lines?ids=${touched.join()}`)
    if (view.data.transcript !== transcript || !view.alive) return
    // While it was read an act of ours was answered: what was read may be older than that.
    if (answers === view.answers) {
      if (speakers) view.takeSpeakers(body.speakers)
      takeLines(view, body)
      view.refresh()
    }
  }
}

/** Take in how lines stand now. */
function takeLines(view, { put, gone, undo, redo }) {
  view.base = patched(view.base, put, gone)
  if (undo !== undefined) view.undoable = [undo, redo]
}
