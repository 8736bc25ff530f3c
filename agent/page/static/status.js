// Keeps the status page fresh: fetches it again and puts its <main> in place of the old one. Waits while a control
// is focused or the page is hidden; leaves what is folded open. Without it the page works the same, on reload.
"use strict";

const current = () => document.querySelector("main[data-refresh]");

function busy() {
  const focused = document.activeElement;
  return document.hidden || (focused && focused.closest("main form, main summary, main a") !== null);
}

// By name: while the page stood, rows may have come and gone.
function unfolded(main) {
  return new Map(Array.from(main.querySelectorAll("details[id]"), (one) => [one.id, one.open]));
}

function put(text) {
  const old = current();
  const fresh = new DOMParser().parseFromString(text, "text/html").querySelector("main[data-refresh]");
  if (!old || !fresh || busy()) return;
  const open = unfolded(old);
  fresh.querySelectorAll("details[id]").forEach((one) => { one.open = open.get(one.id) ?? one.open; });
  old.replaceWith(document.adoptNode(fresh));
}

async function refresh() {
  if (busy()) return;
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

next();
