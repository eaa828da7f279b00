// The speakers of a transcript, each with ten seconds to hear who it is.

import { button, clock, make } from "./dom.js"
import { face } from "./face.js"
import { Player } from "./player.js"

class Voices {
  /** data: {parts, voices: [{name, start, end}]}; start is null where nothing can be heard. */
  constructor(root, data) {
    this.audio = make("audio", { preload: "none", hidden: true })
    this.status = make("span", { class: "status", role: "status", "aria-live": "polite" })
    this.list = make("ul", { "aria-label": "Speakers" })
    root.replaceChildren(this.audio, this.list, this.status)
    this.player = new Player(this.audio, () => {}, (text) => (this.status.textContent = text))
    this.audio.addEventListener("play", () => this.mark())
    this.audio.addEventListener("pause", () => this.mark())
    this.update(data)
  }

  update(data) {
    this.player.sentences = data.voices
    this.player.load(data.parts)
    this.audio.hidden = true
    this.buttons = data.voices.map((voice, index) => this.entry(voice, index))
    this.list.replaceChildren(
      ...data.voices.map((voice, index) =>
        make("li", {}, this.buttons[index], make("span", {}, voice.name)),
      ),
    )
    this.mark()
  }

  entry(voice, index) {
    if (voice.start == null) return null
    const title = `Hear ${voice.name}, from ${clock(voice.start)}`
    return button("▶", () => this.play(index), { title, "aria-label": title })
  }

  play(index) {
    this.status.textContent = ""
    if (this.playing === index && this.player.playing) return this.player.pause()
    this.playing = index
    this.audio.hidden = false // a hidden player is one without sound
    this.player.play(index, index)
    this.audio.hidden = true
    this.mark()
  }

  mark() {
    this.buttons.forEach((one, index) => {
      const on = index === this.playing && this.player.playing
      if (one) one.textContent = on ? "⏸" : "▶"
    })
  }

  destroy() {
    this.player.destroy()
  }
}

export default face(Voices)
