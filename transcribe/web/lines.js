// The lines of a transcript as values: what an act makes of them while it is on its way.
// Pure. The server's answer takes the place of what is guessed here.

/** Count letters (code points, as the server does) before a place in a JavaScript string. */
export const lettersTo = (text, place) => [...text.slice(0, place)].length

/** The place in a JavaScript string before which there are so many letters. */
export const placeOf = (text, letters) => [...text].slice(0, letters).join("").length

/** Text with single spaces, as the server keeps it. */
export const tidy = (text) => text.split(/\s+/).filter(Boolean).join(" ")

/** A line with another text, in which nobody knows the place of pauses and doubts. */
export function rewritten(line, text) {
  if (line.text === text) return line
  return { ...line, text, weak: [], pauses: line.pauses.filter((pause) => pause.offset === 0) }
}

/** Whether a turn begins with this line. */
export const opens = (lines, index) => index === 0 || lines[index].turn !== lines[index - 1].turn

/** The run of lines of one turn around `index`: [first, last]. */
export function turnAround(lines, index) {
  let [first, last] = [index, index]
  while (!opens(lines, first)) first -= 1
  while (last + 1 < lines.length && !opens(lines, last + 1)) last += 1
  return [first, last]
}

/** Put new lines and take gone ones out; in the order of their positions. */
export function patched(lines, put, gone) {
  const fresh = new Map(put.map((line) => [line.id, line]))
  const out = new Set(gone)
  const kept = lines.filter((line) => !out.has(line.id) && !fresh.has(line.id))
  return [...kept, ...fresh.values()].sort((a, b) => a.position - b.position)
}

/** The lines as they will be when an act that is on its way is done. */
export function applied(lines, about) {
  return guesses[about.act]?.(lines, about) ?? lines
}

const unsent = (line, changes) => ({ ...line, ...changes, unsent: true })

function replaced(lines, id, make) {
  const index = lines.findIndex((line) => line.id === id)
  return index < 0 ? lines : [...lines.slice(0, index), ...make(lines[index], index), ...lines.slice(index + 1)]
}

const bare = { pauses: [], weak: [], verbatim: null, version: 0 }

const guesses = {
  edit: (lines, { sentence, text }) =>
    replaced(lines, sentence, (line) => [unsent(rewritten(line, text), {})]),

  verbatim: (lines, { sentence, text }) =>
    replaced(lines, sentence, (line) => [unsent(line, { verbatim: text || null })]),

  replace: (lines, { texts }) =>
    lines.map((line) => (texts.has(line.id) ? unsent(rewritten(line, texts.get(line.id)), {}) : line)),

  split: (lines, { sentence, offset, temp }) =>
    replaced(lines, sentence, (line) => {
      const letters = [...line.text]
      const cut = line.start == null || line.end == null
        ? null
        : line.start + ((line.end - line.start) * offset) / letters.length
      return [
        unsent(rewritten(line, letters.slice(0, offset).join("").trim()), { end: cut }),
        unsent(line, { ...bare, id: temp, text: letters.slice(offset).join("").trim(), start: cut }),
      ]
    }),

  merge: (lines, { sentences: [first, ...others] }) => {
    const gone = lines.filter((line) => others.includes(line.id))
    const rest = lines.filter((line) => !others.includes(line.id))
    return replaced(rest, first, (line) => [
      unsent(rewritten(line, [line, ...gone].map((one) => one.text).join(" ")), {
        end: gone.at(-1)?.end ?? line.end,
      }),
    ])
  },

  remove: (lines, { sentences }) => lines.filter((line) => !sentences.includes(line.id)),

  insert: (lines, { after, text, start, end, turn, newTurn, speaker, temp }) => {
    const index = after === null ? 0 : lines.findIndex((line) => line.id === after) + 1
    const line = unsent(bare, { id: temp, turn: turn ?? newTurn, speaker, text, start, end })
    return [...lines.slice(0, index), line, ...lines.slice(index)]
  },

  split_turn: (before, { sentence, offset, temp, newTurn }) => {
    const lines = offset ? guesses.split(before, { sentence, offset, temp }) : before
    const index = lines.findIndex((line) => line.id === (offset ? temp : sentence))
    return index < 0 ? lines : inTurn(lines, index, turnAround(lines, index)[1], { turn: newTurn })
  },

  merge_turn: (lines, { sentence }) => {
    const index = lines.findIndex((line) => line.id === sentence)
    if (index < 0) return lines
    const [first, last] = turnAround(lines, index)
    if (first === 0) return lines
    const { turn, speaker } = lines[first - 1]
    return inTurn(lines, first, last, { turn, speaker })
  },

  give: (lines, { sentences, speaker, newTurn }) => {
    const meant = new Set(sentences)
    const given = []
    for (const line of lines) {
      const before = given.at(-1)
      const turn = before?.speaker === speaker ? before.turn : newTurn
      given.push(meant.has(line.id) ? unsent(line, { speaker, turn }) : line)
    }
    return given
  },

  times: (lines, { sentence, start, end }) =>
    replaced(lines, sentence, (line) => [unsent(line, { start, end })]),

  mark_question: (lines, { sentence, question }) =>
    replaced(lines, sentence, (line) => [unsent(line, { question })]),
}

function inTurn(lines, first, last, changes) {
  return lines.map((line, index) =>
    index >= first && index <= last ? unsent(line, changes) : line,
  )
}
