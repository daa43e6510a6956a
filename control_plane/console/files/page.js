// What a page of the console does by itself: announcing, opening dialogs, keeping the focus.
window.signalbox = {
  // Shown for six seconds and read out by screen readers.
  say(text) {
    const place = document.getElementById("said");
    place.textContent = text;
    clearTimeout(this.quiet);
    this.quiet = setTimeout(() => (place.textContent = ""), 6000);
  },

  open(id) {
    const dialog = document.getElementById(id);
    if (dialog && !dialog.open) dialog.showModal();
  },

  close(id) {
    document.getElementById(id)?.close();
  },

  // The values of a form, once: a second click while the first is on its way does nothing.
  values(event) {
    event.preventDefault();
    const form = event.target;
    if (form.dataset.busy) return null;
    form.dataset.busy = "yes";
    for (const button of form.querySelectorAll("button")) button.disabled = true;
    setTimeout(() => signalbox.free(form.id), 10000);
    return Object.fromEntries(new FormData(form));
  },

  free(id) {
    const form = document.getElementById(id);
    if (!form) return;
    delete form.dataset.busy;
    for (const button of form.querySelectorAll("button")) button.disabled = false;
  },

  // A form that leads to the page named by its one field.
  goTo(event, root) {
    event.preventDefault();
    const wanted = new FormData(event.target).get("wanted").trim();
    if (wanted) location.assign(root + encodeURIComponent(wanted));
  },

  // A form whose answer is a file: sent as JSON, saved under the name the server gives it.
  async take(event, address, place) {
    event.preventDefault();
    const form = event.target, said = document.getElementById(place), button = form.querySelector("[type=submit]");
    const tell = (text, bad) => ((said.textContent = text), (said.className = `export-said${bad ? " problem" : ""}`));
    const body = {};
    for (const [name, value] of new FormData(form)) {
      if (!value.trim()) continue;
      const field = form.elements[name];
      body[name] = field.type === "number" ? Number(value) : field.type === "datetime-local" ? `${value}:00Z` : value.trim();
    }
    button.disabled = true;
    tell("It is being made…");
    try {
      const answer = await fetch(address, {
        method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
      });
      if (!answer.ok) {
        const problem = await answer.json();
        return tell(problem.detail ?? problem.title, true);
      }
      const name = /filename="([^"]+)"/.exec(answer.headers.get("content-disposition") ?? "")?.[1] ?? "export.zip";
      const file = await answer.blob();
      const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(file), download: name });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60000);
      tell(`${name}: ${(file.size / 1024).toLocaleString("en-GB", { maximumFractionDigits: 0 })} KiB. It verifies anywhere: python verify.pyz`);
    } catch {
      tell("The connection broke: nothing was saved. Try again.", true);
    } finally {
      button.disabled = false;
    }
  },

  async signOut(root) {
    // The plane sends a page whose session is over away, which NiceGUI does so; this one leaves itself.
    window.open = () => null;
    await fetch("/api/v1/session", { method: "DELETE" });
    location.assign(root + "/sign-in");
  },
};

// How long something has lasted, counted on here: "for 12 min".
(() => {
  const spoken = (seconds) => {
    if (seconds < 60) return "for less than a minute";
    const minutes = Math.floor(seconds / 60), hours = Math.floor(minutes / 60), days = Math.floor(hours / 24);
    if (minutes < 60) return `for ${minutes} min`;
    return hours < 48 ? `for ${hours} h ${minutes % 60} min` : `for ${days} days`;
  };
  const count = () => {
    for (const time of document.querySelectorAll("time.ago")) {
      const text = spoken((Date.now() - Date.parse(time.dateTime)) / 1000);
      if (time.textContent !== text) time.textContent = text;
    }
  };
  addEventListener("DOMContentLoaded", () => {
    count();
    setInterval(count, 5000);
    new MutationObserver(count).observe(document.body, { childList: true, subtree: true });
  });
})();

// A part that is drawn again takes the focused button with it: its successor gets the focus.
(() => {
  let last = null;
  const nameOf = (element) => element?.closest("[data-key]")?.dataset.key ?? null;
  document.addEventListener("focusin", (event) => (last = nameOf(event.target)));
  document.addEventListener("pointerdown", (event) => (last = nameOf(event.target)));
  const keep = () => {
    if (!last || document.activeElement !== document.body || document.querySelector("dialog[open]")) return;
    document.querySelector(`[data-key="${CSS.escape(last)}"]`)?.focus({ preventScroll: true });
  };
  addEventListener("DOMContentLoaded", () =>
    new MutationObserver(keep).observe(document.body, { childList: true, subtree: true }),
  );
})();

// Drawn again between press and release, a button gets no click, and may have moved away from
// under the pointer: its successor gets it, if the hand held still.
(() => {
  const STILL = 8; // pixels
  let pressed = null;
  document.addEventListener(
    "pointerdown",
    (event) => (pressed = { button: event.target.closest?.("[data-key]"), x: event.clientX, y: event.clientY }),
    true,
  );
  document.addEventListener(
    "pointerup",
    (event) => {
      const { button, x, y } = pressed ?? {};
      pressed = null;
      if (!button || button.isConnected || Math.hypot(event.clientX - x, event.clientY - y) > STILL) return;
      document.querySelector(`[data-key="${CSS.escape(button.dataset.key)}"]`)?.click();
    },
    true,
  );
})();

// A page the server no longer knows is loaded anew by NiceGUI. With a question open, or something
// typed, it stays as it is, says that it is over, and is loaded when the person lets it go.
(() => {
  const OVER = "The connection was lost for too long: nothing on this page works any more. Copy what you still need of it, then load it anew.";
  const kept = () => document.querySelector("dialog[open], [data-typed]:not(dialog *)");
  document.addEventListener("input", (event) => (event.target.dataset.typed = ""));
  const say = () => {
    const load = Object.assign(document.createElement("button"), { type: "button", className: "button small", textContent: "Load anew" });
    load.addEventListener("click", () => location.reload());
    const note = Object.assign(document.createElement("div"), { className: "notice tone-red lost", textContent: OVER });
    note.setAttribute("role", "alert");
    note.append(load);
    // A dialog that is closed hides it: then it is told where the person looks next.
    const show = () => (document.querySelector("dialog[open]") ?? document.getElementById("main")).prepend(note);
    show();
    document.addEventListener("close", () => (kept() ? show() : location.reload()), true);
    document.getElementById("popup").ariaHidden = true;
  };
  addEventListener("DOMContentLoaded", () => {
    const socket = window.socket;
    if (!socket) return;
    const theirs = socket.listeners("connect_error");
    socket.off("connect_error");
    // An inactive socket was refused and tries no more; an active one tries again by itself.
    socket.on("connect_error", (error) => {
      if (!kept()) for (const each of theirs) each(error);
      else if (!socket.active) say();
    });
  });
})();
