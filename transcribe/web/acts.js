// Acts on a transcript: painted at once, sent in order, and replaced by the server's answer.

import { patched } from "./lines.js"
import { outbox, read, Refused } from "./wire.js"

const MOST_IDS = 200 // lines read one by one; when more have changed, all are read

// What the server calls lines, turns and speakers that were painted before it had made them.
const known = new Map()
let last = 0

/** An id for a line, a turn or a speaker that is not made yet. */
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
      const called = { sentences: about.sentences?.map(nowCalled) }
      for (const name of ["sentence", "after", "turn", "speaker"]) {
        if (about[name] < 0) called[name] = nowCalled(about[name])
      }
      return { ...about, ...called }
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
  // Of before it was sent: the news of an act can be there before its answer.
  let had = null
  outbox.send(
    "/api/act",
    () => {
      had = { lines: view.base, speakers: new Set(view.speakers.keys()) }
      return { transcript, act: about.act, ...fields() }
    },
    { ...about, transcript },
    (answer) => {
      call(about, had, answer)
      if (view.data.transcript !== transcript || !view.alive) return
      take(view, answer)
      view.result = [done?.(answer), lostNote(answer)].filter(Boolean).join(" ") || null
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

/** Learn what the server calls the line (`temp`), turn and speaker that an act has made. */
function call(about, had, { put, speakers }) {
  const fresh = (name) =>
    put.findLast((one) => !had.lines.some((before) => before[name] === one[name]))?.[name]
  const made = {
    temp: fresh("id"),
    newTurn: fresh("turn"),
    newSpeaker: speakers?.find((one) => !had.speakers.has(one.id))?.id,
  }
  for (const [name, id] of Object.entries(made)) {
    if (about[name] !== undefined && id !== undefined) known.set(about[name], id)
  }
}

/** Say that codings lost their words: whoever corrects does not see the repair list. */
function lostNote({ lost }) {
  if (!lost) return ""
  const what = lost === 1 ? "A coded passage lost its words" : `${lost} coded passages lost their words`
  return `${what}: to be repaired on the page Coding.`
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
  const answered = view.answered.delete(revision)
  // Neither lines nor speakers: what the transcript itself is has changed, its sound, say,
  // which the answer to an act of ours does not hold either.
  if (!touched.length && !speakers) return view.load()
  if (answered) return
  if (touched.length > MOST_IDS) return view.load()
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
