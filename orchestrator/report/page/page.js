"use strict";
// The page's own program. Everything that comes from the data is written with textContent, never as markup; models are
// told by their place.
window.manyfewPage = (data, readSamples) => {
  const at = (id) => document.getElementById(id);
  const state = { axis: data.axis, scale: "log", beyond: true, off: new Set(), prices: new Map() };
  const drawn = new Map(), last = new Map();
  const NARROW = 560;

  // ---- figures in words: as orchestrator/report/money.py and frontier_words.py write them

  const trimmed = (x, digits) => String(Number(x.toPrecision(digits)));
  function usd(x) {
    if (x === 0) return "$0";
    if (x >= 0.9995) return "$" + x.toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
    const rounded = Number(x.toPrecision(3));
    const text = rounded.toFixed(14).replace(/0+$/, "");
    return "$" + (text.split(".")[1].length < 2 ? rounded.toFixed(2) : text);
  }
  function amount(x, axis = state.axis) {
    if (x === null || x === undefined || !Number.isFinite(x)) return "?";
    if (axis === "usd") return usd(x);
    if (axis === "flops") return x.toPrecision(3);
    const digits = x >= 1000 ? Math.round(x).toLocaleString("en") : trimmed(x, 3);
    return axis === "seconds" ? digits + " s" : digits;
  }
  // A problem's cost as the column or the axis counts it: dollars for a thousand problems.
  const many = (x) => amount(x !== null && x !== undefined && state.axis === "usd" ? 1000 * x : x);
  const ofMany = () => state.axis === "usd" ? " per 1,000 problems" : " per problem";
  state.usd = usd;
  function percent(x) {
    if (x >= 0.9995 && x < 1) return ">99.9%";
    return x > 0 && x < 0.0005 ? "<0.1%" : (100 * x).toFixed(1) + "%";
  }

  // ---- costs: as billed, or at the prices set with the sliders

  const repriced = () => state.axis === "usd" && state.prices.size > 0;
  function perSample(m) {
    const billed = data.axes[state.axis].per_sample[m];
    const set = state.axis === "usd" ? state.prices.get(m) : undefined;
    if (set === undefined) return billed;
    const tokens = data.prices[m];
    if (!tokens.tokens) return billed === null ? null : billed * set[0];
    return (tokens.per_sample[0] * set[0] + tokens.per_sample[1] * set[1]) / 1e6;
  }
  function untilSolved(m) {
    const billed = data.axes[state.axis].until_solved[m];
    const set = state.axis === "usd" ? state.prices.get(m) : undefined;
    if (set === undefined) return billed;
    const tokens = data.prices[m];
    if (!tokens.tokens) return billed.map((x) => (x === null ? null : x * set[0]));
    const [read, written] = tokens.until_solved;
    return read.map((x, i) => (x === null ? null : (x * set[0] + written[i] * set[1]) / 1e6));
  }
  const times = (k, each) => (each === null ? null : k * each);
  // What is printed costs what it says, in dollars alone.
  const printed = (m, usd) => (state.axis === "usd" ? usd * (state.prices.get(m)?.[0] ?? 1) : null);
  const costOf = (row, m = row.m) => (row.usd === undefined ? times(row.k, perSample(m)) : printed(m, row.usd));

  // ---- rows of the charts

  const shown = (row) => !state.off.has(row.m);
  function curveRows() {
    const guess = state.beyond && state.scale === "log";
    return data.curves.filter((row) => shown(row) && (guess || row.kind !== "beyond") && (row.kind !== "law" || state.axis === "samples"))
      .map((row) => ({ ...row, cost: drawable(costOf(row)) }));
  }
  const drawable = (cost) => (cost === 0 && state.scale === "log" ? null : cost);
  function endRows(rows) {
    const ends = new Map();
    for (const row of rows) if (row.cost !== null && row.kind !== "voted" && row.kind !== "picked" && row.kind !== "delivered" && row.kind !== "every" && row.kind !== "law") ends.set(row.m, row);
    return data.ends.filter((end) => ends.has(end.m))
      .map((end) => ({ ...end, cost: ends.get(end.m).cost, coverage: ends.get(end.m).coverage }));
  }
  function frontierRows() {
    const rows = repriced() || state.off.size ? singleModels() : data.axes[state.axis].frontier;
    return rows.map((row) => ({ ...row, cost: drawable(row.cost) }));
  }
  // At other prices, or without some models, of single models alone: what a mix covers is not in this file.
  function singleModels() {
    const found = [];
    data.ways.forEach((way, stops) => {
      const offers = [];
      data.models.forEach((model, m) => {
        if (state.off.has(m) || !model.on_frontier) return;
        const expected = stops ? untilSolved(m) : null;
        model.coverage.forEach((point, i) => {
          const cost = stops ? expected[i] : costOf(point, m);
          if (cost === null || cost === undefined) return;
          offers.push({ way, cost, coverage: point.coverage, low: point.low, high: point.high, band: point.band,
            buy: (stops ? "up to " : "") + point.k.toLocaleString("en") + " × " + model.name });
        });
      });
      offers.sort((a, b) => a.cost - b.cost || b.coverage - a.coverage);
      let best = 0;
      for (const offer of offers) if (offer.coverage > best + 1e-12) { best = offer.coverage; found.push(offer); }
    });
    return found;
  }

  // ---- drawing

  function walk(node, change) {
    if (node === null || typeof node !== "object") return;
    change(node);
    for (const value of Object.values(node)) walk(value, change);
  }
  function made(name, datasets) {
    const spec = structuredClone(data.specs[name]);
    const place = at("chart-" + name), narrow = place.clientWidth < NARROW;
    spec.width = Math.max(200, Math.floor(place.clientWidth));
    for (const [key, rows] of Object.entries(datasets)) spec.datasets[key] = rows;
    const { datasets: kept, ...encodings } = spec;
    walk(encodings, (node) => {
      if (node.field !== "cost" || !("scale" in node)) return;
      node.scale.type = state.scale;
      if (state.scale === "linear") node.scale.zero = true;
      node.axis = { ...data.cost_axes[state.axis], tickCount: narrow ? 4 : 6 };
    });
    if (narrow) spec.layer = spec.layer.filter((layer) => !String(layer.name || "").startsWith(data.labels));
    return spec;
  }
  async function draw(name, datasets) {
    const place = at("chart-" + name);
    if (!place || !window.vegaEmbed) return;
    last.set(name, datasets);
    const turn = (drawn.get(name)?.turn || 0) + 1, before = drawn.get(name)?.result;
    drawn.set(name, { turn, result: before });
    const inner = document.createElement("div");
    const result = await vegaEmbed(inner, made(name, datasets), {
      mode: "vega-lite", ast: true, renderer: "svg", actions: false, defaultStyle: false, tooltip: tooltip(data.tips[name]),
      logLevel: 1, // errors: that a layer happens to be empty is none
      loader: { http: () => Promise.reject(new Error("no network")) },
    });
    if (drawn.get(name).turn !== turn) { result.finalize(); return; }
    before?.finalize();
    drawn.set(name, { turn, result });
    place.replaceChildren(inner);
  }
  const tip = at("tip");
  const tooltip = (titles) => (_handler, event, item, value) => {
    const row = item?.datum?.datum ?? item?.datum; // of the cell around a point, the point's
    if (!value || !event || !row) { tip.hidden = true; return; }
    tip.replaceChildren(...Object.entries(titles).map(([field, title]) => {
      const line = document.createElement("div"), name = document.createElement("span"), what = document.createElement("b");
      name.textContent = title;
      what.textContent = row[field];
      line.append(name, what);
      return line;
    }));
    tip.hidden = false;
    const box = tip.getBoundingClientRect();
    tip.style.left = Math.max(4, Math.min(event.clientX + 14, innerWidth - box.width - 4)) + "px";
    tip.style.top = Math.max(4, event.clientY + 14 + box.height > innerHeight ? event.clientY - box.height - 10 : event.clientY + 14) + "px";
  };
  // What the tooltip says is put into the rows, so that no format has to be found in the chart.
  const told = (rows) => rows.map((row) => ({ ...row,
    said_coverage: row.said_coverage ?? (row.coverage === undefined ? undefined : percent(row.coverage)),
    said_cost: row.cost === undefined ? undefined : many(row.cost) + ofMany(),
    said_k: row.k === undefined ? undefined : row.k.toLocaleString("en") + ({ beyond: " (extrapolated)", voted: " (majority vote)", picked: " (best by score)", delivered: " (first accepted)", every: " (all right)", law: " (fitted law)", printed: " (as printed)" }[row.kind] || ""),
  }));

  let whole = true; // other prices leave some of the charts as they are
  let turns = 0;
  async function redraw() {
    const rows = curveRows(), front = frontierRows(), turn = ++turns;
    const charts = [
      draw("coverage", { curves: told(rows), ends: endRows(rows) }),
      draw("frontier", { frontier: told(front) }),
    ];
    if (whole) charts.push(draw("spread", { spread: data.spread.filter(shown) }), draw("spending", {}), draw("solved", {}));
    tables(front);
    whole = false;
    await Promise.all(charts);
    if (turn === turns) document.documentElement.dataset.drawn = "yes"; // for whoever waits for it
  }

  // ---- each figure as a file

  // Colours are names of the page's own; elsewhere they must be what they stand for now.
  function asSeen(of) {
    const style = getComputedStyle(document.documentElement);
    return JSON.parse(JSON.stringify(of).replace(/var\(--([\w-]+)\)/g, (_, name) => style.getPropertyValue("--" + name).trim()));
  }
  const COLUMNS = {
    coverage: ["curves", ["name", "kind", "k", "coverage", "low", "high", "cost"]],
    frontier: ["frontier", ["buy", "way", "coverage", "low", "high", "cost"]],
    spread: ["spread", ["name", "share", "rate"]],
    spending: ["spending", ["name", "what", "usd"]],
    solved: ["solved", ["kind", "spent", "solved", "low", "high"]],
  };
  // What a spreadsheet would take for a formula is text.
  const csvCell = (x) => {
    const text = x === null || x === undefined ? "" : String(x);
    const plain = typeof x === "string" && /^[=+@\t\r-]/.test(text) ? "'" + text : text;
    return /[",\n\r]/.test(plain) ? '"' + plain.replaceAll('"', '""') + '"' : plain;
  };
  function csv(name) {
    const [set, columns] = COLUMNS[name];
    const rows = (last.get(name) || {})[set] || data.specs[name].datasets[set] || [];
    const heads = columns.map((key) => (key === "cost" ? `${state.axis}_per_problem` : key));
    return [heads, ...rows.map((row) => columns.map((key) => row[key]))].map((row) => row.map(csvCell).join(",")).join("\n") + "\n";
  }
  async function fileOf(name, kind) {
    if (kind === "csv") return new Blob([csv(name)], { type: "text/csv" });
    const { datasets, ...rest } = made(name, last.get(name) || {});
    const spec = { ...asSeen(rest), datasets, padding: 8 };
    const inner = document.createElement("div"), ground = getComputedStyle(document.body).backgroundColor;
    const { view, finalize } = await vegaEmbed(inner, spec, { mode: "vega-lite", ast: true, renderer: "svg", actions: false, defaultStyle: false, tooltip: () => {}, logLevel: 1,
      loader: { http: () => Promise.reject(new Error("no network")) } });
    const drawn = kind === "svg" ? svgOf(inner.querySelector("svg"), ground) : await pngOf(view, ground);
    finalize();
    return drawn;
  }
  function svgOf(svg, ground) {
    const behind = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    for (const [name, value] of [["width", "100%"], ["height", "100%"], ["fill", ground]]) behind.setAttribute(name, value);
    svg.prepend(behind);
    return new Blob([new XMLSerializer().serializeToString(svg)], { type: "image/svg+xml" });
  }
  async function pngOf(view, ground) {
    view.background(ground);
    const canvas = await view.toCanvas(3);
    return new Promise((done) => canvas.toBlob(done, "image/png"));
  }
  for (const button of document.querySelectorAll("[data-save]")) button.addEventListener("click", async () => {
    const [name, kind] = button.dataset.save.split(" ");
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await fileOf(name, kind));
    link.download = `${name}.${kind}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  });

  // ---- tables beside the charts

  function cell(tag, text, kind) {
    const made = document.createElement(tag);
    made.textContent = text;
    if (kind) made.className = kind;
    return made;
  }
  function tables(front) {
    for (const part of document.querySelectorAll("[data-axis]")) part.hidden = part.dataset.axis !== state.axis;
    for (const part of document.querySelectorAll("[data-m]")) {
      const { m, k, usd } = part.dataset;
      if (k !== undefined) part.textContent = many(costOf({ m: Number(m), k: Number(k), usd: usd && Number(usd) }));
      else part.hidden = state.off.has(Number(m));
    }
    for (const row of document.querySelectorAll("tr[data-cheap]")) compared(row);
    for (const part of document.querySelectorAll(".cost-name")) part.textContent = data.cost_axes[state.axis].title;
    const made = repriced() || state.off.size > 0;
    for (const part of document.querySelectorAll("#frontier-tables [data-axis]")) part.hidden ||= made;
    for (const part of document.querySelectorAll("#buys [data-axis]")) part.hidden ||= made;
    for (const part of document.querySelectorAll(".made")) part.hidden = !made;
    for (const part of document.querySelectorAll(".some-off")) part.hidden = state.off.size === 0;
    follow();
    const ofSingle = at("frontier-made");
    if (ofSingle) ofSingle.hidden = !made;
    for (const part of document.querySelectorAll(".repriced")) part.hidden = !repriced();
    if (made && ofSingle) ofSingle.querySelector("tbody").replaceChildren(...front.map((row) => {
      const line = document.createElement("tr");
      line.append(cell("td", row.buy, "words"), cell("td", row.way === data.ways[0] ? "at once" : "one by one", "words"),
        cell("td", many(row.cost)), cell("td", percent(row.coverage)), cell("td", row.band));
      return line;
    }));
  }
  // Of k samples the costs are proportional to what one costs; the probability is of the prices that were billed.
  function compared(row) {
    const each = data.axes[state.axis].per_sample;
    const cost = ["cheap", "expensive"].map((side) => {
      const m = Number(row.dataset[side]), billed = row.dataset[side + "Cost"], now = perSample(m);
      if (billed === "" || now === null) return null;
      return each[m] ? Number(billed) * now / each[m] : Number(row.dataset[side + "K"]) * now;
    });
    row.hidden = [row.dataset.cheap, row.dataset.expensive].some((m) => state.off.has(Number(m)));
    row.querySelector(".cheap-cost").textContent = cost[0] === null ? "–" : many(cost[0]);
    row.querySelector(".expensive-cost").textContent = cost[1] === null ? "–" : many(cost[1]);
    row.querySelector(".ratio").textContent = cost[0] && cost[1] !== null ? trimmed(cost[1] / cost[0], 3) : "–";
    for (const figure of row.querySelectorAll(".likely, .billed")) {
      figure.dataset.billed ??= figure.textContent;
      figure.textContent = repriced() ? "–" : figure.dataset.billed;
    }
  }

  // ---- controls

  let due = 0;
  function soon(all = true) {
    whole ||= all;
    document.documentElement.dataset.drawn = "no";
    cancelAnimationFrame(due);
    due = requestAnimationFrame(redraw);
  }
  at("axis").addEventListener("change", (event) => { state.axis = event.target.value; soon(); });
  at("scale").addEventListener("change", (event) => { state.scale = event.target.value; soon(); });
  at("beyond")?.addEventListener("change", (event) => { state.beyond = event.target.checked; soon(); });
  at("theme").addEventListener("change", (event) => {
    if (event.target.value === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = event.target.value;
  });
  for (const box of document.querySelectorAll("#models input")) {
    box.addEventListener("change", () => {
      state.off[box.checked ? "delete" : "add"](Number(box.value));
      soon();
    });
  }
  // A slider goes by decades; all the way to the left it is free.
  const ofSlider = (slider) => (slider.value === slider.min ? 0 : Number((10 ** Number(slider.value)).toPrecision(3)));
  const sliders = [...document.querySelectorAll("#what-if input[type=range]")];
  function say(slider, value) {
    const text = slider.dataset.kind === "times" ? trimmed(value, 3) + " ×" : "$" + trimmed(value, 3);
    at("said-" + slider.id).textContent = text;
    slider.setAttribute("aria-valuetext", text);
  }
  function setTo(slider, value) {
    slider.value = value > 0 ? String(Math.log10(value)) : slider.min;
    say(slider, value);
  }
  for (const slider of sliders) {
    setTo(slider, Number(slider.dataset.paid));
    slider.addEventListener("input", () => {
      const m = Number(slider.dataset.of), mine = sliders.filter((one) => Number(one.dataset.of) === m);
      const before = state.prices.get(m) || mine.map((one) => Number(one.dataset.paid));
      state.prices.set(m, mine.map((one, i) => (one === slider ? ofSlider(one) : before[i])));
      say(slider, ofSlider(slider));
      if (state.axis !== "usd") state.axis = at("axis").value = "usd";
      soon(false);
    });
  }
  at("reset")?.addEventListener("click", () => {
    state.prices.clear();
    for (const slider of sliders) setTo(slider, Number(slider.dataset.paid));
    soon(false);
  });
  let width = innerWidth;
  addEventListener("resize", () => { if (innerWidth !== width) { width = innerWidth; soon(); } });
  for (const part of document.querySelectorAll(".needs-script")) part.hidden = false;
  const follow = window.manyfewGrid(data, state, readSamples);
  redraw();
};
