// The two pages for who is not, or not yet quite, signed in. They speak to the API like any
// other client: its limits, its throttle and its events are the only ones there are.
(() => {
  const root = document.body.dataset.root;
  const problem = document.getElementById("problem");
  const query = new URLSearchParams(location.search);

  function next() {
    const wanted = query.get("next") ?? "/";
    // A path of the console, never another host.
    return root + (/^\/(?![/\\])/.test(wanted) ? wanted : "/");
  }

  async function send(method, path, body) {
    const answer = await fetch(path, {
      method,
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    const told = await answer.json();
    if (!answer.ok) throw new Error(told.detail);
    return told;
  }

  function onSubmit(id, act) {
    const form = document.getElementById(id);
    form?.addEventListener("submit", async (event) => {
      event.preventDefault();
      const button = form.querySelector("button");
      button.disabled = true;
      problem.textContent = "";
      try {
        await act(Object.fromEntries(new FormData(form)));
      } catch (error) {
        problem.textContent = error.message;
        button.disabled = false;
        form.querySelector("input").focus();
      }
    });
  }

  document.querySelector("form input")?.focus();

  onSubmit("sign-in", async ({ person, password }) => {
    const told = await send("POST", "/api/v1/session", { person, password });
    location.assign(told.must_change_password ? root + "/password" : next());
  });

  onSubmit("password", async ({ current, fresh, again }) => {
    if (fresh !== again) throw new Error("The two new passwords differ.");
    await send("PUT", "/api/v1/session/password", { current_password: current, new_password: fresh });
    location.assign(root + "/");
  });

  // A link from a chat comes without the cookie, which other sites never get to send: look again.
  if (document.getElementById("sign-in") && !query.has("ended")) {
    fetch(root + "/sign-in/known").then((answer) => answer.status === 204 && location.replace(next()));
  }
})();
