// The theme board. Codes are cards; a card stands in every theme its code is in. A move is
// painted at once, sent with an id of its own (a repeated message changes nothing) and kept
// until it is answered. Names are shown as text, never as HTML.

const boards = new WeakMap();

const wait = (seconds) => new Promise((done) => setTimeout(done, 1000 * seconds));

function make(tag, name, text) {
  const node = document.createElement(tag);
  if (name) node.className = name;
  if (text !== undefined) node.textContent = text;
  return node;
}

class Board {
  constructor(root) {
    this.root = root;
    this.columns = root.querySelector(".columns");
    this.said = root.querySelector("output");
    this.shown = root.querySelector(".excerpts");
    this.find = root.querySelector("input");
    this.find.oninput = () => this.filter();
    this.find.onkeydown = (event) => event.stopPropagation();
    this.themes = [];
    this.codes = [];
    this.chosen = new Set(); // "theme:code" of the chosen cards
    this.unsent = [];
    this.tag = "";
    this.listen();
  }

  async update({ data, setTriggerValue }) {
    this.tell = setTriggerValue;
    this.change = data.change;
    this.root.classList.toggle("change", data.change);
    if (data.head !== this.head) await this.read();
  }

  // What others see: read again whenever somebody changed something.
  async read() {
    if (this.unsent.length) return; // the last answer reads again
    try {
      // Quiet: nobody asked for it, so it must not keep an unattended session open.
      const headers = { "x-fokus-quiet": "1", ...(this.tag ? { "if-none-match": this.tag } : {}) };
      const answer = await fetch("/api/board", { headers });
      if (answer.status === 304) return;
      const told = await answer.json();
      if (!answer.ok) return this.say(told.error, true);
      if (this.unsent.length) return;
      this.tag = answer.headers.get("etag");
      this.head = told.head;
      this.themes = told.themes.map((theme) => ({ ...theme, codes: new Set(theme.codes) }));
      this.codes = told.codes;
      this.draw();
    } catch {
      this.say("Not connected. Trying again …", true);
      await wait(3);
      if (this.root.isConnected) this.read();
    }
  }

  listen(patience = 1) {
    const socket = (this.socket = new WebSocket(`${location.origin.replace("http", "ws")}/api/live`));
    socket.onopen = () => { patience = 1; };
    socket.onmessage = (message) => {
      const { action, seq } = JSON.parse(message.data);
      if (!(action === "hello" ? seq !== this.head : /^(theme|code|coding)\./.test(action))) return;
      clearTimeout(this.soon);
      this.soon = setTimeout(() => this.read(), 150);
    };
    socket.onclose = async () => {
      await wait(patience);
      if (this.root.isConnected && socket === this.socket) this.listen(Math.min(patience * 2, 30));
    };
  }

  close() {
    if (this.root.isConnected) return;
    const { socket } = this;
    this.socket = null;
    socket.close();
  }

  say(words, trouble = false) {
    this.said.textContent = words;
    this.said.classList.toggle("trouble", trouble);
  }

  // Drawing

  draw() {
    const focused = this.root.getRootNode().activeElement?.dataset?.key;
    const placed = new Set(this.themes.flatMap((theme) => [...theme.codes]));
    const loose = this.codes.filter((code) => !placed.has(code.id));
    const tops = [...this.columns.children].map((column) => [column.dataset.theme, column.querySelector("ul").scrollTop]);
    this.columns.replaceChildren(
      this.column({ id: 0, name: "Not in a theme" }, loose),
      ...this.themes.map((theme) => this.column(theme, this.codes.filter((code) => theme.codes.has(code.id)))),
    );
    for (const [theme, top] of tops) {
      const list = this.columns.querySelector(`[data-theme="${theme}"] ul`);
      if (list) list.scrollTop = top;
    }
    this.filter();
    if (focused) this.columns.querySelector(`[data-key="${focused}"]`)?.focus();
  }

  column(theme, codes) {
    const column = make("section", "column");
    column.dataset.theme = theme.id;
    column.setAttribute("aria-label", theme.name);
    const head = make("header");
    const top = make("div", "top");
    const name = make(theme.id ? "button" : "strong", "", theme.name);
    if (theme.id) name.onclick = () => this.tell("picked", theme.id);
    top.append(name, make("span", "n", String(codes.length)));
    head.append(top);
    if (theme.id) head.append(make("p", "concept", theme.concept || "No central organising concept yet."));
    const list = make("ul");
    list.append(...codes.map((code) => this.card(theme.id, code)));
    if (!codes.length) list.append(make("li", "none", theme.id ? "Drag codes here." : "Every code is in a theme."));
    column.append(head, list);
    return column;
  }

  card(theme, code) {
    const card = make("li", "card");
    card.dataset.key = `${theme}:${code.id}`;
    card.tabIndex = 0;
    card.title = code.definition;
    card.setAttribute("role", "button");
    card.setAttribute("aria-label", `${code.name}, ${code.codings} codings`);
    const dot = make("span", "dot");
    dot.style.setProperty("--c", code.color);
    card.append(dot, make("span", "name", code.name), make("span", "n", String(code.codings)));
    card.classList.toggle("chosen", this.chosen.has(card.dataset.key));
    card.classList.toggle("unsent", this.unsent.some((act) => act.code === code.id));
    card.onpointerdown = (event) => this.grab(event, card, code);
    card.onkeydown = (event) => this.key(event, card, code);
    return card;
  }

  filter() {
    const words = this.find.value.toLocaleLowerCase();
    for (const card of this.columns.querySelectorAll(".card")) {
      card.hidden = !card.querySelector(".name").textContent.toLocaleLowerCase().includes(words);
      card.style.display = card.hidden ? "none" : "";
    }
  }

  // Keyboard

  key(event, card, code) {
    event.stopPropagation(); // Streamlit listens for letters
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const lists = [...this.columns.querySelectorAll("ul")];
    const cards = (list) => [...list.querySelectorAll(".card:not([hidden])")];
    const here = lists.indexOf(card.parentElement);
    const row = cards(lists[here]).indexOf(card);
    const beside = (step) => {
      for (let at = here + step; lists[at]; at += step) {
        const others = cards(lists[at]);
        if (others.length) return others[Math.min(row, others.length - 1)];
      }
      return null;
    };
    const acts = {
      ArrowDown: () => cards(lists[here])[row + 1]?.focus(),
      ArrowUp: () => cards(lists[here])[row - 1]?.focus(),
      ArrowRight: () => beside(1)?.focus(),
      ArrowLeft: () => beside(-1)?.focus(),
      Enter: () => this.menu(card, code),
      " ": () => this.show(code),
    };
    if (!acts[event.key]) return;
    event.preventDefault();
    acts[event.key]();
  }

  // In which themes: a small menu of ticks
  menu(card, code) {
    this.root.querySelector(".menu")?.remove();
    if (!this.change || !this.themes.length) return;
    const menu = make("div", "menu");
    menu.setAttribute("role", "menu");
    menu.setAttribute("aria-label", `${code.name} is in the themes`);
    const box = card.getBoundingClientRect();
    menu.style.left = `${box.left + 16}px`;
    menu.style.top = `${Math.min(box.bottom, innerHeight - 240)}px`;
    for (const theme of this.themes) {
      const item = make("button", "", theme.name);
      item.setAttribute("role", "menuitemcheckbox");
      item.setAttribute("aria-checked", theme.codes.has(code.id));
      item.onclick = () => {
        this.put([{ theme: theme.id, code: code.id, set: !theme.codes.has(code.id) }]);
        item.setAttribute("aria-checked", theme.codes.has(code.id));
      };
      menu.append(item);
    }
    const close = () => {
      menu.remove();
      (this.columns.querySelector(`[data-key="${card.dataset.key}"]`) ??
        this.columns.querySelector(`[data-key$=":${code.id}"]`))?.focus();
    };
    menu.onkeydown = (event) => {
      event.stopPropagation();
      const items = [...menu.children];
      const at = items.indexOf(this.root.getRootNode().activeElement);
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step) items[(at + step + items.length) % items.length].focus();
      if (event.key === "Escape" || event.key === "Tab") close();
      if (step || event.key === "Escape" || event.key === "Tab") event.preventDefault();
    };
    menu.onfocusout = (event) => { if (event.relatedTarget && !menu.contains(event.relatedTarget)) menu.remove(); };
    this.root.append(menu);
    menu.firstChild.focus();
  }

  // Pointer: a click shows the excerpts, Ctrl and click chooses several, dragging moves them
  grab(event, card, code) {
    if (event.button) return;
    this.root.querySelector(".menu")?.remove();
    const [x, y] = [event.clientX, event.clientY];
    let ghost = null;
    let over = null;
    card.setPointerCapture(event.pointerId);
    card.onpointermove = (move) => {
      if (!this.change || (!ghost && Math.hypot(move.clientX - x, move.clientY - y) < 5)) return;
      if (!ghost) {
        if (!this.chosen.has(card.dataset.key)) this.choose([card.dataset.key]);
        ghost = make("div", "card ghost", this.chosen.size > 1 ? `${this.chosen.size} codes` : code.name);
        this.root.append(ghost);
      }
      ghost.style.left = `${move.clientX + 8}px`;
      ghost.style.top = `${move.clientY + 6}px`;
      const column = this.root.getRootNode().elementFromPoint(move.clientX, move.clientY)?.closest(".column");
      if (column !== over) {
        over?.classList.remove("over");
        over = column ?? null;
        over?.classList.add("over");
      }
    };
    card.onpointerup = card.onpointercancel = (end) => {
      card.onpointermove = card.onpointerup = card.onpointercancel = null;
      ghost?.remove();
      over?.classList.remove("over");
      if (end.type === "pointercancel") return;
      if (ghost) {
        if (over) this.drop(Number(over.dataset.theme), end.ctrlKey || end.metaKey);
      } else if (end.ctrlKey || end.metaKey) {
        const keys = new Set(this.chosen);
        if (!keys.delete(card.dataset.key)) keys.add(card.dataset.key);
        this.choose(keys);
      } else {
        this.choose([]);
        this.show(code);
      }
    };
  }

  choose(keys) {
    this.chosen = new Set(keys);
    for (const card of this.columns.querySelectorAll(".card")) {
      card.classList.toggle("chosen", this.chosen.has(card.dataset.key));
    }
  }

  drop(target, keep) {
    const acts = [];
    for (const key of this.chosen) {
      const [theme, code] = key.split(":").map(Number);
      if (theme === target) continue;
      if (target) acts.push({ theme: target, code, set: true });
      if (theme && !keep) acts.push({ theme, code, set: false });
    }
    this.choose([]);
    this.put(acts);
  }

  // Writing

  put(acts) {
    for (const act of acts) {
      const codes = this.themes.find((theme) => theme.id === act.theme).codes;
      if (codes.has(act.code) === act.set) continue;
      codes[act.set ? "add" : "delete"](act.code);
      this.unsent.push({ ...act, client_id: crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}` });
    }
    this.draw();
    this.send();
  }

  async send() {
    if (this.sending || !this.unsent.length) return;
    this.sending = true;
    let told = "Saved";
    let trouble = false;
    for (let tries = 0; this.unsent.length;) {
      if (tries) this.say(`Not connected. ${this.unsent.length} not saved yet, trying again …`, true);
      try {
        const answer = await fetch("/api/board/code", {
          method: "POST",
          headers: { "content-type": "application/json", "x-fokus": "1" },
          body: JSON.stringify(this.unsent[0]),
        });
        // The server or its disk is away: not an answer, so not the end of it.
        if (answer.status >= 500) throw new Error("away");
        if (!answer.ok) {
          told = (await answer.json()).error;
          trouble = true;
        }
        this.unsent.shift();
        tries = 0;
      } catch {
        await wait(Math.min(2 ** tries++, 15));
      }
    }
    this.sending = false;
    this.say(told, trouble);
    this.tag = ""; // what was refused must vanish, though nothing was changed
    await this.read();
    this.tell("moved", this.head);
  }

  // Reading what stands behind a code

  async show(code) {
    try {
      const answer = await fetch(`/api/board/code/${code.id}`);
      const told = await answer.json();
      if (!answer.ok) return this.say(told.error, true);
      const top = make("div", "top");
      const close = make("button", "", "Close");
      close.onclick = () => { this.shown.hidden = true; };
      top.append(make("strong", "", code.name), close);
      this.shown.style.setProperty("--c", code.color);
      this.shown.replaceChildren(top);
      if (code.definition) this.shown.append(make("p", "beside", code.definition));
      if (!told.excerpts.length) this.shown.append(make("p", "none", "Nothing is coded with it yet."));
      for (const excerpt of told.excerpts) {
        const quote = make("blockquote");
        if (excerpt.before) quote.append(make("p", "beside", excerpt.before));
        for (const line of excerpt.lines) quote.append(make("p", "", `${line.text} (${line.voice})`));
        if (excerpt.after) quote.append(make("p", "beside", excerpt.after));
        if (excerpt.demo) quote.append(make("p", "beside", "demo model"));
        this.shown.append(quote);
      }
      this.shown.hidden = false;
    } catch {
      this.say("Not connected. The excerpts cannot be shown.", true);
    }
  }
}

export default function board(component) {
  const root = component.parentElement.querySelector(".board");
  if (!boards.has(root)) boards.set(root, new Board(root));
  boards.get(root).update(component);
  return () => setTimeout(() => boards.get(root)?.close(), 0);
}
