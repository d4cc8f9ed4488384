// Keys for people who like them: j and k walk through rows, / goes to the filters, ? says so. How many verdicts are new,
// in a place that is kept free for it, so that nothing moves. What happens to a job, as it happens. Nothing here is needed
// to read.
"use strict";
(() => {
  const OFF = "assay-keys-off";
  const dialog = document.getElementById("keys");
  const toggle = document.getElementById("keys-switch");
  const off = () => { try { return localStorage.getItem(OFF) === "1"; } catch { return false; } };
  const show = () => { if (toggle) toggle.textContent = off() ? "Switch keys on" : "Switch keys off"; };
  const rows = () => [...document.querySelectorAll("[data-row] a[data-go]")];

  const walk = (step) => {
    const all = rows();
    if (!all.length) return;
    const at = all.indexOf(document.activeElement);
    all[Math.min(Math.max(at + step, 0), all.length - 1)].focus();
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)) return;
    if (event.key === "?") { if (dialog && !dialog.open) dialog.showModal(); return; }
    if (off()) return;
    if (event.key === "j") walk(1);
    else if (event.key === "k") walk(-1);
    else if (event.key === "/") {
      const first = document.querySelector(".facets a");
      if (first) { event.preventDefault(); first.focus(); }
    }
  });

  const fresh = document.getElementById("fresh");
  const look = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(fresh.dataset.new, { headers: { Accept: "application/json" } });
      const found = answer.ok ? await answer.json() : { new: 0 };
      const link = fresh.querySelector("a");
      if (!found.new) return;
      link.textContent = `${found.new}${found.new === found.most ? " or more" : ""} new – show`;
      link.hidden = false;
    } catch { /* it is asked again */ }
  };
  if (fresh) {
    setInterval(look, 15000);
    document.addEventListener("visibilitychange", look);
  }

  // Events of a job renew its page at once and bring its log line by line. A page that nobody looks at gives its stream
  // back: a browser has few connections to one server.
  const followed = document.querySelector("[data-events]");
  const KEPT = 500; // lines of a log
  const spoken = document.getElementById("spoken");
  let stream = null, known = "";
  const hear = (event) => {
    known = event.lastEventId || known;
    if (event.type === "log" && spoken) say(JSON.parse(event.data));
    else document.getElementById("live")?.dispatchEvent(new Event("refresh"));
    if (event.type === "end") part(true);
  };
  const say = (told) => {
    if (told.run_id !== spoken.dataset.run) return;
    const log = spoken.querySelector("pre");
    const follows = log.scrollTop + log.clientHeight >= log.scrollHeight - 8;
    log.textContent = (log.textContent + told.text).split("\n").slice(-KEPT).join("\n");
    spoken.hidden = false;
    if (follows) log.scrollTop = log.scrollHeight;
  };
  const part = (ended) => {
    stream?.close();
    stream = null;
    if (ended) document.removeEventListener("visibilitychange", follow);
  };
  const follow = () => {
    if (document.hidden) { part(false); return; }
    if (stream) return;
    stream = new EventSource(followed.dataset.events + (known ? `?after=${known}` : ""));
    for (const kind of ["state", "run", "progress", "log", "verdict", "end"]) stream.addEventListener(kind, hear);
  };
  if (followed) {
    document.addEventListener("visibilitychange", follow);
    addEventListener("pagehide", () => part(false));
    follow();
  }

  if (toggle) {
    toggle.addEventListener("click", () => {
      try { localStorage.setItem(OFF, off() ? "0" : "1"); } catch { /* it stays as it is */ }
      show();
    });
    show();
  }
})();
