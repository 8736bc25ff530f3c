// Keeps the status page fresh: fetches it again and puts its <main> in place of the old one. Never under somebody's
// hand: it waits while the page is hidden or a person is at work on it, and says so when that lasts. Without it the
// page works the same, on reload.
"use strict";

const QUIET = 5000; // after the pointer moved
const LASTING = 30000; // of standing still
const AT_HAND = "section[aria-labelledby=needs], form, summary, details, a";

let moved = -QUIET;
let refreshed = performance.now();

const current = () => document.querySelector("main[data-refresh]");

// What a person opened; what the page itself shows open is marked.
const opened = (main) => main.querySelector("details[open]:not([data-open])") !== null;

function atWork(main) {
  const focused = document.activeElement;
  return performance.now() - moved < QUIET || opened(main)
    || Array.from(main.querySelectorAll(AT_HAND)).some((one) => one.matches(":hover") || one.contains(focused));
}

// By name: while the page stood, rows may have come and gone.
function unfolded(main) {
  return new Map(Array.from(main.querySelectorAll("details[id]"), (one) => [one.id, one.open]));
}

function put(text) {
  const old = current();
  const fresh = new DOMParser().parseFromString(text, "text/html").querySelector("main[data-refresh]");
  if (!old || !fresh || document.hidden || atWork(old)) return;
  const open = unfolded(old);
  fresh.querySelectorAll("details[id]").forEach((one) => { one.open = open.get(one.id) ?? one.open; });
  old.replaceWith(document.adoptNode(fresh));
  refreshed = performance.now();
}

async function refresh() {
  const main = current();
  if (document.hidden || !main) return;
  if (!atWork(main)) await fetched();
  document.querySelector("#still").hidden = performance.now() - refreshed < LASTING;
}

async function fetched() {
  try {
    const answer = await fetch(location.pathname, { credentials: "same-origin", cache: "no-store" });
    if (answer.redirected) location.assign(answer.url);
    else if (answer.ok) put(await answer.text());
  } catch {
    // The agent is restarting or the network is away: what stands here says as of when it is.
  }
}

function next() {
  const main = current();
  if (!main) return;
  setTimeout(() => refresh().finally(next), Number(main.dataset.refresh) * 1000);
}

for (const sign of ["pointermove", "pointerdown", "wheel", "touchmove"]) {
  addEventListener(sign, () => { moved = performance.now(); }, { passive: true });
}
next();
