// Uploads recordings in slices to /api/upload. A slice or a «finish» that got no answer
// is sent again; the server ignores what it has. Names are shown as text, never as HTML.

const SLICE = 8 << 20;
const PATIENCE = 6; // tries for each request, 0.5 s to 16 s apart

const wait = (seconds) => new Promise((done) => setTimeout(done, 1000 * seconds));

class Refused extends Error {}

/** The file changed or vanished on this person's disk while it was being sent. */
class Unreadable extends Error {}

async function ask(path, method, body, stop) {
  for (let tries = 1; ; tries++) {
    try {
      const answer = await fetch(path, {
        method, body, signal: stop, headers: { "x-fokus": "1" }, credentials: "same-origin",
      });
      const told = await answer.json();
      if (answer.ok || told.have !== undefined) return told; // out of step: go on from there
      throw new Refused(told.error);
    } catch (error) {
      if (error instanceof Refused || stop.aborted || tries === PATIENCE) throw error;
      await wait(2 ** (tries - 2));
    }
  }
}

/** Read before it is sent: a request with a file that vanished looks like a lost line. */
async function sliceOf(file, from) {
  try {
    return await file.slice(from, from + SLICE).arrayBuffer();
  } catch {
    throw new Unreadable(
      "The file can no longer be read: it was moved or changed. Choose it again.");
  }
}

async function send(file, target, show, stop) {
  const begun = await ask("/api/upload", "POST",
    JSON.stringify({ ...target, name: file.name, size: file.size }), stop);
  const path = `/api/upload/${encodeURIComponent(begun.id)}`;
  try {
    for (;;) {
      let have = 0;
      while (have < file.size) {
        show(file.name, have / file.size);
        const slice = await sliceOf(file, have);
        have = (await ask(`${path}?offset=${have}`, "PUT", slice, stop)).have;
      }
      show(file.name, null);
      const done = await ask(`${path}/finish`, "POST", null, stop);
      if (done.recording !== undefined) return done.recording;
    }
  } catch (error) {
    // What the server refused it has dropped itself.
    if (!(error instanceof Refused)) {
      fetch(path, { method: "DELETE", headers: { "x-fokus": "1" } }).catch(() => {});
    }
    throw error;
  }
}

const title = (file) => file.name.replace(/\.[^.]*$/, "").slice(0, 120) || file.name;

async function run(box, files) {
  const parts = [...files].sort((a, b) =>
    a.name.localeCompare(b.name, undefined, { numeric: true }));
  const { recording, group, purpose } = box.fokus.data;
  const target = { recording, group, purpose, title: box.fokus.data.title || title(parts[0]) };
  const stop = (box.fokus.stop = new AbortController());
  const [bar, said] = [box.querySelector("progress"), box.querySelector("output")];
  const show = (name, share) => {
    bar.hidden = false;
    if (share === null) bar.removeAttribute("value");
    else bar.value = share;
    said.textContent = share === null
      ? `${name}: checking the sound …` : `${name}: ${Math.floor(100 * share)} %`;
  };
  const stay = (event) => event.preventDefault();
  window.addEventListener("beforeunload", stay);
  box.dataset.state = "busy";
  let added = null;
  try {
    for (const file of parts) {
      added = await send(file, target, show, stop.signal);
      target.recording = added;
    }
    box.dataset.state = "done";
    said.textContent = parts.length > 1 ? `${parts.length} parts added.` : "Added.";
  } catch (error) {
    box.dataset.state = "error";
    said.textContent = stop.signal.aborted ? "Upload stopped. Nothing of this file was kept."
      : error instanceof Refused || error instanceof Unreadable ? error.message
      : "The connection to the workbench was lost, and nothing of this file was kept. " +
        "Choose it again.";
  } finally {
    window.removeEventListener("beforeunload", stay);
    bar.hidden = true;
    if (added !== null) box.fokus.tell("added", added);
  }
}

export default function ({ parentElement, data, setTriggerValue }) {
  const box = parentElement.querySelector(".upload");
  box.fokus = { ...box.fokus, data, tell: setTriggerValue };
  box.querySelector(".choose").textContent = data.label;
  const input = box.querySelector("input");
  const take = (files) => {
    if (files.length && box.dataset.state !== "busy") run(box, files);
  };
  input.onchange = () => { take(input.files); input.value = ""; };
  box.querySelector(".stop").onclick = () => box.fokus.stop?.abort();
  box.ondragover = (event) => { event.preventDefault(); box.classList.add("over"); };
  box.ondragleave = () => box.classList.remove("over");
  box.ondrop = (event) => {
    event.preventDefault();
    box.classList.remove("over");
    take(event.dataTransfer.files);
  };
}
