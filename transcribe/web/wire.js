// How components talk to the server: reads, writes that are never lost, live news.
// The module is loaded once in a tab, so unsent writes outlive a change of page.

import { newId } from "./dom.js"

const RETRY_MS = [300, 1000, 2000, 5000]
const SIGNED_OUT = 4401 // with which the server closes the sockets of a session that ended

/** A refusal by the server, in its words. */
export class Refused extends Error {
  constructor(status, answer) {
    super(answer.error || `The server refused this (${status}).`)
    this.status = status
    this.answer = answer
  }
}

/** The connection or the server failed; the same message may be sent again. */
class Unreachable extends Error {}

async function request(path, options) {
  let response
  try {
    response = await fetch(path, { credentials: "same-origin", redirect: "manual", ...options })
  } catch {
    throw new Unreachable("No connection to the server.")
  }
  if (response.status === 304) return { status: 304, tag: null, body: null }
  const body = await response.json().catch(() => null)
  if (response.ok && body !== null) {
    return { status: response.status, tag: response.headers.get("etag"), body }
  }
  // Signed out or restarted: a later sign-in in this browser lets it through after all.
  if (response.status === 401 || response.status >= 500 || response.type === "opaqueredirect") {
    // 503: the disk of the study is away for the moment, and the answer says so.
    const told = response.status === 401 ? "You are signed out." : body?.error
    throw new Unreachable(told || "Server trouble.")
  }
  throw new Refused(response.status, body || {})
}

/** Read JSON; with the tag of an earlier answer, null when nothing has changed. */
export async function read(path, tag = null) {
  // Read again at every piece of news: that is not the person at the keyboard being there.
  const quiet = { "x-fokus-quiet": "1" }
  const answer = await request(path, { headers: tag ? { ...quiet, "if-none-match": tag } : quiet })
  return answer.status === 304 ? null : { body: answer.body, tag: answer.tag }
}

/** Write once; throws Refused or a plain error. */
export async function write(path, body) {
  const answer = await request(path, {
    method: "POST",
    headers: { "content-type": "application/json", "x-fokus": "1" },
    body: JSON.stringify(body),
  })
  return answer.body
}

/**
 * Writes in the order they were made, one at a time, each with its own id, again and
 * again until the server has answered. Leaving the page meanwhile is warned about.
 */
class Outbox extends EventTarget {
  constructor() {
    super()
    this.acts = []
    this.member = null // who reads and writes here, as the last read told
    this.problem = ""
    this.running = false
    window.addEventListener("beforeunload", (event) => {
      if (this.acts.length) event.preventDefault()
    })
    window.addEventListener("online", () => this.wake?.())
  }

  /**
   * Send body (an object, or a function giving it when its turn comes). What it is about
   * stays readable in `acts` until the answer is in; done(answer) or failed(error) is then
   * called before the next act is made.
   */
  send(path, body, about, done, failed) {
    this.acts.push({ id: newId(), me: this.member, path, body, about, done, failed })
    this.changed()
    this.run()
  }

  changed() {
    this.dispatchEvent(new Event("changed"))
  }

  async run() {
    if (this.running) return
    this.running = true
    for (let tries = 0; this.acts.length; ) {
      const act = this.acts[0]
      // Made once: a repetition must be word for word the first.
      // With its author, for another member may have signed in in this browser meanwhile.
      act.sent ??= {
        ...(typeof act.body === "function" ? act.body() : act.body), me: act.me, client_id: act.id,
      }
      try {
        const answer = await write(act.path, act.sent)
        tries = 0
        this.settle(() => act.done(answer))
      } catch (error) {
        if (error instanceof Unreachable) {
          this.problem = error.message
          this.changed()
          await this.pause(RETRY_MS[Math.min(tries++, RETRY_MS.length - 1)])
        } else this.settle(() => act.failed(error))
      }
    }
    this.running = false
  }

  settle(tell) {
    this.acts.shift()
    this.problem = ""
    try {
      tell()
    } finally {
      this.changed()
    }
  }

  pause(milliseconds) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds)
      this.wake = () => (clearTimeout(timer), resolve())
    })
  }
}

export const outbox = new Outbox()

/** News of every change, on one WebSocket for the whole tab. */
class Live extends EventTarget {
  constructor() {
    super()
    this.users = 0
    this.tries = 0
  }

  /** Listen; returns the function that stops listening. */
  join(heard) {
    const listener = (event) => heard(event.detail)
    this.addEventListener("news", listener)
    this.users += 1
    if (!this.socket) this.open()
    // Who joins an open socket has missed its greeting and reads for itself.
    return () => {
      this.removeEventListener("news", listener)
      this.users -= 1
      if (!this.users) this.close()
    }
  }

  open() {
    const address = new URL("/api/live", location.href)
    address.protocol = address.protocol.replace("http", "ws")
    const socket = (this.socket = new WebSocket(address))
    socket.onmessage = (event) => {
      this.tries = 0
      outbox.wake?.()
      this.dispatchEvent(new CustomEvent("news", { detail: JSON.parse(event.data) }))
    }
    socket.onclose = (event) => {
      if (this.socket !== socket) return
      // Signed out, or the study was locked: what stands on the screen goes too.
      if (event.code === SIGNED_OUT && !outbox.acts.length) return location.reload()
      const wait = RETRY_MS[Math.min(this.tries++, RETRY_MS.length - 1)]
      this.timer = setTimeout(() => this.open(), wait)
    }
  }

  close() {
    clearTimeout(this.timer)
    const socket = this.socket
    this.socket = null
    socket?.close()
  }
}

export const live = new Live()

/**
 * Applies each piece of news once, in order, on top of what was last read. News that come
 * while a read is under way wait for it: whether it holds them already, its number tells.
 */
export class Follower {
  /** apply(news): take it in; behind(): news were missed, read anew. */
  constructor(apply, behind) {
    this.apply = apply
    this.behind = behind
    this.reset()
  }

  reset() {
    this.head = -1 // number of the last event that is in what we hold
    this.reading = 0
    this.waiting = []
  }

  begin() {
    this.reading += 1
  }

  /** A read ended; head: the number it stands for, or nothing when it failed. */
  end(head = null) {
    this.reading = Math.max(0, this.reading - 1)
    if (head !== null) this.head = head
    if (this.reading) return
    const waiting = this.waiting
    this.waiting = []
    for (const news of waiting) this.told(news)
  }

  told(news) {
    if (this.reading) this.waiting.push(news)
    else if (news.action === "hello") {
      if (this.head >= 0 && news.seq > this.head) this.behind()
    } else if (this.head >= 0 && news.seq > this.head) {
      this.head = news.seq
      this.apply(news)
    }
  }
}
