"use strict";
// The page of a run that works. Its token comes in the address' fragment, which no browser sends, and leaves it at once.
// Everything that comes from the ledger is written with textContent.
(() => {
  const at = (id) => document.getElementById(id);
  const token = location.hash.slice(1);
  history.replaceState(null, "", location.pathname);
  if (!token) { at("live-state").textContent = "Open the whole address that manyfew watch printed, with what stands after #."; return; }
  const EVERY_MS = 2000, REPORT_MS = 60000, POINTS = 240;
  const history_ = new Map();
  async function ask(path) {
    const answer = await fetch(path, { headers: { Authorization: "Bearer " + token }, cache: "no-store", redirect: "error" });
    const said = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error(said.error || `the server answered ${answer.status}`);
    return said;
  }
  function part(tag, text, kind) {
    const made = document.createElement(tag);
    made.textContent = text;
    if (kind) made.className = kind;
    return made;
  }
  function line(cells, tag = "td") {
    const made = document.createElement("tr");
    made.append(...cells.map((text, i) => (text instanceof Node ? text : part(tag, text, i ? "" : "words"))));
    return made;
  }
  function growth(m, share) {
    const points = history_.get(m) || [];
    if (!points.length || points.at(-1) !== share) points.push(share);
    history_.set(m, points.slice(-POINTS));
    const cell = document.createElement("td"), space = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(space, "svg"), path = document.createElementNS(space, "polyline");
    svg.setAttribute("viewBox", "0 0 120 20");
    svg.setAttribute("class", "growth");
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", "coverage since this page was opened");
    path.setAttribute("points", points.map((y, i) => `${(120 * i) / Math.max(1, points.length - 1)},${19 - 18 * y}`).join(" "));
    svg.append(path);
    cell.append(svg);
    return cell;
  }
  function fill(now) {
    document.title = `${now.state} – manyfew`;
    at("live-state").textContent = `${now.name}: ${now.state}`;
    at("live-said").replaceChildren(...now.said.map((text) => part("li", text)));
    at("live-money").replaceChildren(...now.money.map(([title, amount]) => line([title, amount])));
    at("live-models").replaceChildren(...now.models.map((of, m) => {
      const made = line([of.name, ...of.figures]);
      made.append(growth(m, of.solved), part("td", of.state, "words"));
      return made;
    }));
    at("live-errors").replaceChildren(...now.errors.map((text) => part("li", text)));
    at("live-errors-head").hidden = !now.errors.length;
    at("live-last").replaceChildren(...now.last.map((of) => {
      const made = document.createElement("article");
      made.className = { 1: "right", 0: "wrong" }[of.passed] ?? "open";
      made.append(part("h4", of.said), part("pre", of.text));
      return made;
    }));
  }
  async function watch() {
    for (;;) {
      let wait = EVERY_MS;
      try {
        const now = await ask("live.json");
        fill(now);
        if (now.over) wait *= 10;
      } catch (error) {
        at("live-state").textContent = `No answer: ${error.message}`;
      }
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }
  let touched = false;
  async function report() {
    at("live-refresh").disabled = true;
    try {
      const made = await ask("report.json");
      at("report").innerHTML = made.body; // our own markup, with every text of the ledger escaped
      window.manyfewPage(made.data, (problem) => ask("samples.json?problem=" + encodeURIComponent(problem)));
      at("live-as-of").textContent = `as of ${new Date().toLocaleTimeString()}`;
      touched = false;
    } catch (error) {
      at("live-as-of").textContent = `not made: ${error.message}`;
    }
    at("live-refresh").disabled = false;
  }
  at("report").addEventListener("change", () => { touched = true; });
  at("report").addEventListener("click", () => { touched = true; });
  at("live-refresh").addEventListener("click", report);
  setInterval(() => { if (!touched && !document.hidden) report(); }, REPORT_MS);
  at("live").hidden = false;
  watch();
  report();
})();
