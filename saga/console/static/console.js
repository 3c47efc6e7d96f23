// Keys, local times, and the pause of live updates. Without this file every page works.
(() => {
  const go = {o: "/", i: "instances", s: "/stuck", d: "/dead-letters", m: "/modules", c: "/cursors", t: "/timers",
    b: "/outbox", a: "/operations", p: "processes"};
  let begun = false;
  const at = (name) => document.querySelector(name);
  const typing = (target) => target.matches("input, textarea, select");
  const rows = () => [...document.querySelectorAll("main [data-row]")];
  const move = (step) => {
    const all = rows(), here = all.findIndex((row) => row.contains(document.activeElement));
    const next = all[Math.min(Math.max(here + step, 0), all.length - 1)];
    next?.querySelector("a[href]")?.focus();
  };
  const target = (key) => at(`nav a[data-key="${key}"]`)?.href ?? (go[key]?.startsWith("/") ? go[key] : null);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && typing(event.target)) event.target.blur();
    if (typing(event.target)) return;
    if (begun) {
      begun = false;
      const place = target(event.key);
      if (place) location.assign(place);
    } else if (event.key === "g") begun = true;
    else if (event.key === "/") { event.preventDefault(); at("#find")?.focus(); }
    else if (event.key === "?") at("#keys")?.showModal();
    else if (event.key === "j") move(1);
    else if (event.key === "k") move(-1);
  });
  const localize = () => document.querySelectorAll("time:not([title])").forEach((time) => {
    time.title = `${new Date(time.dateTime).toLocaleString()} here`;
  });
  // An update must not take away what somebody opens or types.
  let paused = false;
  const busy = () => at("main details[open]") || (document.activeElement?.closest("main form"));
  const pause = at("#pause");
  if (pause) {
    pause.hidden = false;
    pause.addEventListener("click", () => {
      paused = !paused;
      pause.setAttribute("aria-pressed", String(paused));
      pause.textContent = paused ? "Resume updates" : "Pause updates";
    });
  }
  document.addEventListener("htmx:before:request", (event) => {
    if (event.target.id === "page" && (paused || busy())) event.preventDefault();
  });
  document.addEventListener("htmx:after:swap", localize);
  localize();
})();
