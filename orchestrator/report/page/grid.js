"use strict";
// Problems × models, and the samples behind each cell. Texts are the models' own: written with textContent alone. Only
// the rows in sight exist, so that a thousand problems scroll, sort and filter as forty do.
window.manyfewGrid = (data, state, readSamples) => {
  const at = (id) => document.getElementById(id);
  const box = at("grid"), grid = data.grid;
  if (!box || !grid) return () => {};
  const ROW = 28, SPARE = 6, PIECE = 50, SLICE_MS = 10, PRINTED = 200;
  const models = grid.models, body = at("grid-body"), head = at("grid-head");
  let order = [], sort = "hard", down = false, hits = new Set(), asked = 0, shown = [0, -1];

  const on = () => models.map((_, m) => m).filter((m) => !state.off.has(m));
  const rate = (m, p) => (models[m].judged[p] ? models[m].passed[p] / models[m].judged[p] : null);
  function mean(p, of) {
    const known = of.map((m) => rate(m, p)).filter((one) => one !== null);
    return known.length ? known.reduce((sum, one) => sum + one, 0) / known.length : 2;
  }
  const solved = (p, m) => models[m].passed[p] > 0;
  const wanted = {
    all: () => true,
    none: (p, of) => !of.some((m) => solved(p, m)),
    some: (p, of) => of.some((m) => solved(p, m)) && !of.every((m) => solved(p, m)),
    every: (p, of) => of.every((m) => solved(p, m)),
    lost: (p, of) => of.some((m) => models[m].judged[p] < models[m].samples[p]),
  };

  function arrange() {
    const of = on(), query = at("grid-search").value.trim().toLowerCase(), such = wanted[at("grid-which").value];
    order = grid.problems.map((_, p) => p).filter((p) => such(p, of) &&
      (!query || grid.problems[p].toLowerCase().includes(query) || hits.has(p)));
    const key = sort === "hard" ? order.map((p) => mean(p, of)) : sort === "name" ? null : order.map((p) => rate(sort, p) ?? 2);
    if (key) {
      const by = new Map(order.map((p, i) => [p, key[i]]));
      order.sort((a, b) => by.get(a) - by.get(b) || a - b);
    }
    if (down) order.reverse();
    at("grid-count").textContent = `${order.length.toLocaleString("en")} of ${grid.problems.length.toLocaleString("en")} problems`;
    body.style.height = order.length * ROW + "px";
    heads(of);
    shown = [0, -1];
    draw();
  }
  const columns = (of) => `var(--grid-name) repeat(${of.length}, var(--grid-cell))`;
  function button(text, press, kind) {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = text;
    if (kind) made.className = kind;
    made.addEventListener("click", press);
    return made;
  }
  function heads(of) {
    head.style.gridTemplateColumns = columns(of);
    head.replaceChildren(...["name", ...of].map((key) => {
      const cell = document.createElement("div");
      cell.setAttribute("role", "columnheader");
      cell.setAttribute("aria-sort", sort !== key ? "none" : down ? "descending" : "ascending");
      cell.append(button((key === "name" ? "problem" : data.models[key].name) + (sort !== key ? "" : down ? " ↓" : " ↑"), () => {
        down = sort === key && !down;
        sort = key;
        arrange();
      }));
      return cell;
    }));
  }
  function row(i, of) {
    const p = order[i], made = document.createElement("div");
    made.setAttribute("role", "row");
    made.setAttribute("aria-rowindex", String(i + 2));
    made.style.gridTemplateColumns = columns(of);
    made.style.top = i * ROW + "px";
    const name = document.createElement("div");
    name.setAttribute("role", "rowheader");
    name.textContent = name.title = grid.problems[p];
    made.append(name, ...of.map((m) => {
      const cell = document.createElement("div"), share = rate(m, p), { passed, judged, samples } = models[m];
      cell.setAttribute("role", "cell");
      const text = samples[p] ? `${passed[p]}/${judged[p]}` : "–";
      const open = button(text, () => view(p, m), share === null ? "no-verdict" : `heat-${share === 0 ? 0 : Math.max(1, Math.floor(share * 10))}`);
      open.setAttribute("aria-label", `${grid.problems[p]}, ${data.models[m].name}: ${passed[p]} of ${judged[p]} samples passed`);
      cell.append(open);
      return cell;
    }));
    return made;
  }
  function draw(all = false) {
    const of = on();
    const first = all ? 0 : Math.max(0, Math.floor(box.scrollTop / ROW) - SPARE);
    const last = Math.min(order.length, all ? PRINTED : Math.ceil((box.scrollTop + box.clientHeight) / ROW) + SPARE);
    if (first === shown[0] && last === shown[1]) return;
    shown = [first, last];
    body.replaceChildren(...Array.from({ length: Math.max(0, last - first) }, (_, i) => row(first + i, of)));
  }
  let due = 0;
  box.addEventListener("scroll", () => { cancelAnimationFrame(due); due = requestAnimationFrame(() => draw()); });
  at("grid-which").addEventListener("change", arrange);
  at("grid-sort").addEventListener("change", (event) => { sort = event.target.value; down = false; arrange(); });
  addEventListener("beforeprint", () => { body.style.height = Math.min(order.length, PRINTED) * ROW + "px"; draw(true); });
  addEventListener("afterprint", arrange);

  // ---- the texts

  async function unpacked(p) {
    if (readSamples) return readSamples(grid.problems[p]);
    const packed = grid.texts[p];
    if (packed === undefined) return null;
    const bytes = Uint8Array.from(atob(packed), (sign) => sign.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
    return JSON.parse(await new Response(stream).text());
  }
  // Prompts, answers and samples are searched a slice at a time, so that typing stays as fast as it is.
  async function search() {
    const turn = ++asked, query = at("grid-search").value.trim().toLowerCase();
    hits = new Set();
    arrange();
    if (query.length < 3 || readSamples) return;
    let since = performance.now(), found = 0;
    for (const p of Object.keys(grid.texts).map(Number)) {
      const of = await unpacked(p);
      if (turn !== asked) return;
      if ([of.prompt, of.gold, ...of.samples.map((one) => one.text)].some((text) => text.toLowerCase().includes(query))) hits.add(p);
      if (performance.now() - since < SLICE_MS) continue;
      if (hits.size > found) { found = hits.size; arrange(); }
      await new Promise((resolve) => setTimeout(resolve));
      since = performance.now();
    }
    if (turn === asked && hits.size > found) arrange();
  }
  at("grid-search").addEventListener("input", search);

  const panel = at("sample-view");
  function part(tag, text, kind) {
    const made = document.createElement(tag);
    made.textContent = text;
    if (kind) made.className = kind;
    return made;
  }
  function folded(title, text, open) {
    const made = document.createElement("details");
    made.open = open;
    made.append(part("summary", title), part("pre", text));
    return made;
  }
  const quoted = (text) => "'" + text.replaceAll("'", "'\\''") + "'";
  const verdict = { 1: "right", 0: "wrong", null: "no verdict" };
  function told(one) {
    const said = [`#${one.index}`, verdict[one.passed] + (one.reason ? `: ${one.reason}` : "")];
    if (one.extracted !== null && one.extracted !== "") said.push(`answer ${one.extracted}`);
    if (one.output !== null) said.push(`${(one.input ?? 0).toLocaleString("en")} + ${one.output.toLocaleString("en")} tokens`);
    if (one.usd !== null) said.push(state.usd(one.usd));
    if (one.seconds !== null) said.push(`${Number(one.seconds.toPrecision(3))} s`);
    if (one.finish === "length" && !(one.reason || "").includes("cut off")) said.push("cut off at max_tokens");
    return said.join(" · ");
  }
  function sample(one) {
    const made = document.createElement("article");
    made.className = { 1: "right", 0: "wrong" }[one.passed] ?? "open";
    made.append(part("h4", told(one)));
    if (one.reasoning) made.append(folded(`Reasoning (${one.reasoning.length.toLocaleString("en")} characters)`, one.reasoning, false));
    made.append(part("pre", one.text || "(empty)"));
    return made;
  }
  async function view(p, m) {
    panel.hidden = false;
    at("sample-title").textContent = `${grid.problems[p]} · ${data.models[m].name}`;
    const list = at("sample-list"), which = at("sample-which");
    list.replaceChildren(part("p", "Reading …"));
    panel.scrollIntoView({ block: "nearest" });
    at("sample-title").focus();
    const of = await unpacked(p);
    if (of === null) {
      list.replaceChildren(part("p", "These texts aren't in this file (frontier --html --texts MB sets how many are). To see them:"),
        ...grid.show.map((line) => { const pre = document.createElement("pre"); pre.append(part("code", `${line} ${quoted(grid.problems[p])}`)); return pre; }));
      which.onchange = null;
      return;
    }
    function fill() {
      const some = of.samples.filter((one) => one.m === m && (which.value === "all" || verdict[one.passed] === which.value));
      const parts = [folded("Prompt", of.prompt, true)];
      if (of.gold) parts.push(folded("Gold answer", of.gold, true));
      if (!some.length) parts.push(part("p", "No such sample."));
      list.replaceChildren(...parts);
      const more = button("", () => add(), "more");
      let next = 0;
      function add() {
        more.remove();
        list.append(...some.slice(next, next + PIECE).map(sample));
        next += PIECE;
        more.textContent = `${(some.length - next).toLocaleString("en")} more`;
        if (next < some.length) list.append(more);
      }
      add();
    }
    which.onchange = fill;
    fill();
  }
  at("sample-close").addEventListener("click", () => { panel.hidden = true; });
  let offs = "";
  const follow = () => { const now = [...state.off].join(); if (now !== offs) { offs = now; arrange(); } };
  arrange();
  return follow;
};
