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

  async signOut(root) {
    await fetch("/api/v1/session", { method: "DELETE" });
    location.assign(root + "/sign-in");
  },
};

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
