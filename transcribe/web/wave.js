// The strip of sound: the whole recording in a thin line, and the half minute around the
// playhead, loud and soft, in the colours of who speaks.

import { button, clock, make } from "./dom.js"
import { RATES } from "./player.js"
import { colourOf } from "./speakers.js"
import { read } from "./wire.js"

const WINDOW = 30 // seconds shown
const WHOLE = 8 // height of the line of the whole recording, in CSS pixels
const STEP = 2 // pixels of a bar
const AGAIN_MS = 1500
const SETTLE_MS = 150 // after which the line of the whole recording is drawn anew
const JUMP = 5 // seconds that an arrow key goes

export class Strip {
  constructor(view) {
    this.view = view
    this.canvas = make("canvas", {
      class: "wave", tabindex: "0", role: "slider", "aria-label": "Place in the recording",
      title: "Click to hear from there; ← and → go five seconds",
      onclick: (event) => this.clicked(event), onkeydown: (event) => this.key(event),
    })
    this.rate = make("select", {
      class: "rate", title: "Speed (- and +)", "aria-label": "Speed",
      onchange: () => (view.player.rate = Number(this.rate.value)),
    }, ...RATES.map((rate) => make("option", { value: rate, selected: rate === 1 }, `${rate}×`)))
    this.again = button("⟳", () => view.repeat(), {
      title: "Repeat what is played, or not (l)", "aria-label": "Repeat", "aria-pressed": "false",
    })
    this.element = make(
      "div", { class: "strip", hidden: true },
      button("−2 s", () => view.player.back(), { title: "Two seconds back (←)", "aria-label": "Two seconds back" }),
      this.again, this.rate, this.canvas,
    )
    this.peaks = null
    this.all = make("canvas") // the line of the whole recording, as it was drawn last
    this.sized = new ResizeObserver(() => this.draw())
    this.sized.observe(this.canvas)
    view.audio.addEventListener("ratechange", () => (this.rate.value = String(view.player.rate)))
    for (const kind of ["timeupdate", "seeked", "loadedmetadata"]) {
      view.audio.addEventListener(kind, () => this.draw())
    }
    view.audio.addEventListener("play", () => this.run())
  }

  destroy() {
    this.sized.disconnect()
    cancelAnimationFrame(this.frame)
    clearTimeout(this.timer)
  }

  /** A transcript was read: show its sound, if it has any. */
  async load({ id, audio }) {
    this.element.hidden = !audio
    if (audio === this.source) return this.draw()
    this.source = audio
    this.peaks = null
    if (!audio) return
    await this.ask(audio)
  }

  /** Read how loud it is; what no browser plays is copied meanwhile, which is told. */
  async ask(audio) {
    try {
      const { body } = await read(`/api/waveform/${audio.split("/").at(-1)}`)
      if (this.source !== audio || !this.view.alive) return
      this.peaks = body
      if (body.problem) this.view.say(body.problem, true)
      else if (!body.ready) {
        this.waited = true
        this.view.say(`The sound is being made ready: ${Math.round(100 * body.done)} %.`)
        setTimeout(() => this.source === audio && this.view.alive && this.ask(audio), AGAIN_MS)
      } else if (this.waited) {
        this.waited = false
        this.view.say("The sound is ready.")
        this.view.load() // for where the copy is
      }
    } catch {
      // Without it the strip still shows who speaks when.
    }
    this.draw()
  }

  /** Draw at every frame while it plays, and once otherwise. */
  run() {
    cancelAnimationFrame(this.frame)
    const again = () => {
      this.paint()
      if (this.view.player.playing) this.frame = requestAnimationFrame(again)
    }
    this.frame = requestAnimationFrame(again)
  }

  draw() {
    if (!this.element.hidden) this.run()
  }

  /** Where the window begins: around the sound, or around the line that was gone to. */
  get start() {
    const { now, duration, playing } = this.view.player
    const line = playing || !this.view.wandered ? null : this.view.sentences[this.view.current]
    return Math.max(0, Math.min((line?.start ?? now) - WINDOW / 2, duration - WINDOW))
  }

  paint() {
    const { canvas, view } = this
    const [width, height] = [canvas.clientWidth, canvas.clientHeight]
    const { now, duration, loop } = view.player
    if (!width || !duration) return canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height)
    this.again.setAttribute("aria-pressed", String(loop))
    const scale = window.devicePixelRatio || 1
    const [across, down] = [Math.round(width * scale), Math.round(height * scale)]
    if (canvas.width !== across || canvas.height !== down) [canvas.width, canvas.height] = [across, down]
    const pen = canvas.getContext("2d")
    pen.setTransform(scale, 0, 0, scale, 0, 0)
    pen.clearRect(0, 0, width, height)
    const style = getComputedStyle(canvas)
    const colours = new Map([null, ...view.speakers.keys()].map((id) =>
      [id, style.getPropertyValue(`--speaker-${colourOf(view, id)}`)],
    ))
    const colour = (line) => colours.get(line.speaker) ?? colours.get(null)
    this.whole(pen, width, scale, duration, colour)
    this.near(pen, width, height, colour)
    pen.fillStyle = style.getPropertyValue("--st-text-color")
    pen.fillRect((now / duration) * width - 1, 0, 2, WHOLE)
    pen.fillRect(((now - this.start) / WINDOW) * width - 1, WHOLE + 3, 2, height)
    canvas.setAttribute("aria-valuenow", String(Math.round(now)))
    canvas.setAttribute("aria-valuemax", String(Math.round(duration)))
    canvas.setAttribute("aria-valuetext", clock(now))
  }

  /** Who speaks when, over the whole recording; drawn anew once the keys rest. */
  whole(pen, width, scale, duration, colour) {
    const { sentences, speakers } = this.view
    const stands = [sentences, speakers, width, scale, duration, colour(sentences[0] ?? {})]
    if (!stands.every((one, place) => one === this.stands?.[place])) {
      const fresh = () => {
        this.timer = null
        this.stands = stands
        this.over(width, scale, duration, colour)
      }
      if (this.stands) this.timer ??= setTimeout(() => (fresh(), this.draw()), SETTLE_MS)
      else fresh()
    }
    if (this.all.width) pen.drawImage(this.all, 0, 0, width, WHOLE)
  }

  over(width, scale, duration, colour) {
    this.all.width = Math.round(width * scale)
    this.all.height = Math.round(WHOLE * scale)
    const pen = this.all.getContext("2d")
    pen.scale(scale, scale)
    for (const line of this.view.sentences) {
      if (line.start == null || line.end == null) continue
      pen.fillStyle = colour(line)
      pen.fillRect((line.start / duration) * width, 0, Math.max(1, ((line.end - line.start) / duration) * width), WHOLE)
    }
  }

  /** The window around the playhead: how loud, who speaks, where sentences begin. */
  near(pen, width, height, colour) {
    const { start } = this
    const middle = (WHOLE + 3 + height) / 2
    const most = (height - WHOLE - 3) / 2
    const lines = this.view.sentences.filter(
      (line) => line.start != null && line.end != null && line.end > start && line.start < start + WINDOW,
    )
    const place = (time) => ((time - start) / WINDOW) * width
    let at = 0
    for (let x = 0; x < width; x += STEP) {
      const time = start + (x / width) * WINDOW
      while (at < lines.length - 1 && lines[at].end <= time) at += 1
      const line = lines[at]
      const spoken = line && line.start <= time && time < line.end
      pen.fillStyle = spoken ? colour(line) : "gray"
      const high = Math.max(0.5, this.loudness(time, (STEP / width) * WINDOW) * most)
      pen.fillRect(x, middle - high, STEP - 0.5, 2 * high)
    }
    for (const line of lines) {
      pen.fillStyle = colour(line)
      pen.fillRect(place(line.start), WHOLE + 3, 1, height)
    }
  }

  /** From 0 to 1; a little where nothing is known of it. */
  loudness(time, length) {
    const parts = this.view.player.parts
    const part = parts.findLastIndex((one) => one.offset <= time)
    const peaks = this.peaks?.peaks[part]
    if (!peaks?.length) return 0.1
    const from = Math.floor((time - parts[part].offset) * this.peaks.per_second)
    const to = Math.max(from + 1, Math.ceil((time + length - parts[part].offset) * this.peaks.per_second))
    let most = 0
    for (let index = from; index < to; index += 1) most = Math.max(most, peaks[index] ?? 0)
    return most / 255
  }

  clicked(event) {
    const box = this.canvas.getBoundingClientRect()
    const share = (event.clientX - box.left) / box.width
    const { player } = this.view
    this.view.wandered = false
    player.goTo(event.clientY - box.top <= WHOLE + 1 ? share * player.duration : this.start + share * WINDOW)
  }

  key(event) {
    const by = { ArrowLeft: -JUMP, ArrowRight: JUMP }[event.key]
    if (!by) return
    event.preventDefault()
    event.stopPropagation()
    this.view.player.goTo(this.view.player.now + by)
  }
}
