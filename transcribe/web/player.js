// The sound of a transcript: play one sentence, or play on and say which one it is.
// A recording may have several parts (files) on one timeline; one of them is loaded at a
// time, and every time named here is on the recording's timeline.

import { write } from "./wire.js"

const BACK = 2 // seconds
const TAIL = 0.12 // seconds after a sentence's end: word times end a little early
const PLAYS = "fokus-plays" // by which players, of modules loaded twice, tell each other
const TELL = 30 // seconds of sound after which the server is told what was heard

/** How fast it can be played. */
export const RATES = [0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.25, 1.5, 1.75, 2]

/** Index of the last sentence that starts at or before `time`; -1 before the first. */
export function sentenceAt(sentences, time) {
  return sentences.findLastIndex((one) => one.start != null && one.start <= time)
}

/** Index of the part in which `time` lies. */
export function partAt(parts, time) {
  return Math.max(0, parts.findLastIndex((part) => part.offset <= time))
}

export class Player {
  /** onplace(index): the sentence now heard. ontrouble(message): nothing can be heard. */
  constructor(audio, onplace, ontrouble) {
    this.audio = audio
    this.onplace = onplace
    this.ontrouble = ontrouble
    this.sentences = []
    this.parts = [] // of {src, offset, duration}
    this.at = 0 // the part that is loaded
    this.wanted = null // time to go to once the part is known
    this.loop = false
    this.only = null // the span that is played alone: {start, end}
    this.listened = null // what was heard and not told yet: {src, start, end} in the part
    this.onother = ({ detail }) => detail !== this && this.pause()
    window.addEventListener(PLAYS, this.onother)
    audio.onplay = () => {
      window.dispatchEvent(new CustomEvent(PLAYS, { detail: this }))
      this.watch()
    }
    audio.onplaying = () => this.listen()
    audio.ontimeupdate = () => {
      this.listen()
      this.look() // also in a tab out of sight, where no frame comes
    }
    audio.onpause = () => {
      if (this.listened) this.listened.end = Math.max(this.listened.end, audio.currentTime)
      this.tell()
    }
    audio.onseeking = () => this.tell()
    audio.onseeked = () => this.place()
    audio.onloadedmetadata = () => this.arrive()
    audio.onended = () => this.ended()
    audio.onerror = () => {
      this.wanted = null
      if (audio.getAttribute("src")) ontrouble("The recording cannot be played. Reload the page.")
    }
  }

  load(parts) {
    this.audio.hidden = !parts.length
    const known = this.parts
    this.parts = parts
    const begins = parts.length > 0 && parts[0].src === known[0]?.src
    if (begins && known.length <= parts.length) return // the same sound: it plays on
    this.loop = false
    this.only = null
    this.audio.pause()
    if (parts.length) this.open(0, null)
    else this.unload()
  }

  unload() {
    this.wanted = null
    this.audio.removeAttribute("src")
    this.audio.load()
  }

  /** Load a part; when it is known, go to `time`. */
  open(at, time) {
    this.tell()
    this.at = at
    this.wanted = time
    this.audio.src = this.parts[at].src
  }

  arrive() {
    if (this.wanted === null) return
    this.audio.currentTime = Math.max(0, this.wanted - this.parts[this.at].offset)
    this.wanted = null
  }

  /** Sound moved on: note it, and tell the server now and then, which keeps us signed in. */
  listen() {
    const { currentTime, paused, seeking } = this.audio
    const src = this.parts[this.at]?.src
    if (paused || seeking || this.wanted !== null || !src) return
    this.listened ??= { src, start: currentTime, end: currentTime }
    this.listened.end = Math.max(this.listened.end, currentTime)
    if (this.listened.end - this.listened.start >= TELL) this.tell()
  }

  tell() {
    const heard = this.listened
    this.listened = null
    if (!heard || heard.end <= heard.start) return
    // Untold, the record keeps what the server sent, which is no less.
    write(heard.src, { start: heard.start, end: heard.end }).catch(() => {})
  }

  get rate() {
    return this.audio.defaultPlaybackRate
  }

  /** Also of the parts that are loaded later. */
  set rate(rate) {
    this.audio.defaultPlaybackRate = this.audio.playbackRate = rate
  }

  get duration() {
    const last = this.parts.at(-1)
    return last ? last.offset + last.duration : 0
  }

  get now() {
    return this.wanted ?? (this.parts[this.at]?.offset ?? 0) + this.audio.currentTime
  }

  get playing() {
    return !this.audio.paused
  }

  pause() {
    this.audio.pause()
  }

  /** Play on from where it is, or pause. */
  toggle() {
    if (this.playing) this.pause()
    else this.playFrom(this.now)
  }

  back() {
    this.goTo(this.now - BACK)
  }

  /** Go to a time, playing on or not. */
  goTo(time) {
    this.only = null
    const within = Math.max(0, Math.min(time, this.duration))
    if (this.playing) this.playFrom(within)
    else this.seek(within)
  }

  seek(time) {
    const at = partAt(this.parts, time)
    if (at !== this.at) this.open(at, time)
    else {
      this.wanted = time
      if (this.audio.readyState > 0) this.arrive()
    }
  }

  /** Play from sentence `first` to the end of `last` (or on and on, when on is true). */
  play(first, last, on = false) {
    const start = this.sentences[first]?.start
    const end = this.sentences[last]?.end
    if (this.audio.hidden || start == null) {
      this.ontrouble("There is no recording to play for this sentence.")
      return
    }
    this.span(start, on ? null : end)
  }

  /** Play from a time to another alone, or on and on when there is none. */
  span(start, end) {
    this.only = end == null ? null : { start, end: end + TAIL }
    this.playFrom(start)
  }

  playFrom(time) {
    this.seek(time)
    this.audio.play().catch(() => {}) // a pause right after play is no trouble
    this.watch()
  }

  /** Looks at each frame: "timeupdate" alone comes four times a second, too late to stop. */
  watch() {
    cancelAnimationFrame(this.frame)
    const again = () => {
      this.look()
      if (!this.audio.paused) this.frame = requestAnimationFrame(again)
    }
    this.frame = requestAnimationFrame(again)
  }

  look() {
    if (this.audio.paused || this.wanted !== null) return
    if (this.only && this.now >= this.only.end) {
      if (!this.loop) return this.stopAtEnd()
      this.playFrom(this.only.start)
    }
    this.place()
  }

  /** A part is over: go on with the next, unless what is played alone is over too. */
  ended() {
    const next = this.parts[this.at + 1]
    if (this.only && (!next || this.only.end - TAIL <= next.offset)) {
      if (this.loop) this.playFrom(this.only.start)
      else this.only = null
    } else if (next) this.playFrom(next.offset)
  }

  stopAtEnd() {
    this.only = null
    this.audio.pause()
  }

  place() {
    const limit = this.only ? this.only.end - TAIL - 0.001 : Infinity
    this.onplace(sentenceAt(this.sentences, Math.min(this.now, limit)))
  }

  destroy() {
    window.removeEventListener(PLAYS, this.onother)
    this.tell()
    cancelAnimationFrame(this.frame)
    this.audio.pause()
    this.unload()
  }
}
