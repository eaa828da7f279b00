// The sound of a transcript: play one sentence, or play on and say which one it is.

const TAIL = 0.12 // seconds after a sentence's end: word times end a little early

/** Index of the last sentence that starts at or before `time`; -1 before the first. */
export function sentenceAt(sentences, time) {
  let low = 0
  let high = sentences.length - 1
  let found = -1
  while (low <= high) {
    const middle = (low + high) >> 1
    if ((sentences[middle].start ?? Infinity) <= time) {
      found = middle
      low = middle + 1
    } else high = middle - 1
  }
  return found
}

export class Player {
  /** onplace(index): the sentence now heard. ontrouble(message): nothing can be heard. */
  constructor(audio, onplace, ontrouble) {
    this.audio = audio
    this.onplace = onplace
    this.ontrouble = ontrouble
    this.sentences = []
    this.loop = false
    this.only = null // the span that is played alone: {start, end}
    audio.onplay = () => this.watch()
    audio.ontimeupdate = () => this.look() // also in a tab out of sight, where no frame comes
    audio.onseeked = () => this.place()
    audio.onerror = () => {
      if (audio.getAttribute("src")) ontrouble("The recording cannot be played. Reload the page.")
    }
  }

  load(source, sentences) {
    this.sentences = sentences
    this.audio.hidden = !source
    if (source && this.audio.getAttribute("src") !== source) this.audio.src = source
  }

  get playing() {
    return !this.audio.paused
  }

  pause() {
    this.audio.pause()
  }

  /** Play from sentence `first` to the end of `last` (or on and on, when on is true). */
  play(first, last, on = false) {
    const start = this.sentences[first]?.start
    const end = this.sentences[last]?.end
    if (this.audio.hidden || start == null) {
      this.ontrouble("There is no recording to play for this sentence.")
      return
    }
    this.only = on || end == null ? null : { start, end: end + TAIL }
    this.audio.currentTime = start
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
    if (this.audio.paused) return
    if (this.only && this.audio.currentTime >= this.only.end) {
      if (!this.loop) return this.stopAtEnd()
      this.audio.currentTime = this.only.start
    }
    this.place()
  }

  stopAtEnd() {
    this.only = null
    this.audio.pause()
  }

  place() {
    const limit = this.only ? this.only.end - TAIL - 0.001 : Infinity
    this.onplace(sentenceAt(this.sentences, Math.min(this.audio.currentTime, limit)))
  }

  destroy() {
    cancelAnimationFrame(this.frame)
    this.audio.pause()
    this.audio.removeAttribute("src")
    this.audio.load()
  }
}
