"use strict";
// The run as the page has it; a live page is told of changes by the program.
const run = JSON.parse(document.getElementById("run").textContent);
const element = (id) => document.getElementById(id);

function make(name, attributes = {}, children = []) {
  const svg = ["svg", "path", "text", "tspan", "polyline", "line"].includes(name);
  const made = svg ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

// Before and after: the photograph lies over the result, and is cut off where the divider is.
const divider = element("divider");
function divide() {
  element("stage").style.setProperty("--at", `${divider.value / 10}%`);
}
divider.addEventListener("input", divide);

function showPictures() {
  const result = run.result || (run.frames.length ? run.frames[run.frames.length - 1].picture : null);
  element("compare").hidden = !result;
  if (result) {
    if (element("after").src !== result) element("after").src = result;
    element("after").width = run.width;
    element("after").height = run.height;
  }
  element("stage").classList.toggle("checks", run.transparent);
  const hasPhotograph = Boolean(run.photograph);
  for (const id of ["before", "handle", "divider"]) element(id).hidden = !hasPhotograph;
  document.querySelector(".caption").hidden = !hasPhotograph;
  if (hasPhotograph && element("before").src !== run.photograph) element("before").src = run.photograph;
  const paintings = element("paintings");
  element("styles").hidden = run.styles.length === 0;
  if (paintings.childElementCount !== run.styles.length) {
    paintings.replaceChildren(...run.styles.map((picture, index) =>
      make("img", { src: picture, alt: run.styles.length > 1 ? `Style image ${index + 1}` : "The style image" })));
  }
}

// The film: thumbnails, a slider, and the picture that it stands at.
const scrub = element("scrub");
let follows = true; // the newest picture, until somebody looks at another
function showFrame(index) {
  const frame = run.frames[index];
  if (!frame) return;
  scrub.value = index;
  element("frame").src = frame.picture;
  element("frame").alt = frame.caption;
  element("framecaption").textContent = frame.caption;
  [...element("thumbnails").children].forEach((button, at) =>
    at === index ? button.setAttribute("aria-current", "true") : button.removeAttribute("aria-current"));
  const row = element("thumbnails"), chosen = row.children[index];
  // A picture that has just come in has no thumbnail before the page is drawn again.
  if (chosen) row.scrollLeft = chosen.offsetLeft - row.offsetLeft - (row.clientWidth - chosen.clientWidth) / 2;
}
function chooseFrame(index) {
  follows = index === run.frames.length - 1;
  showFrame(index);
}
scrub.addEventListener("input", () => chooseFrame(Number(scrub.value)));
function showFilm() {
  element("film").hidden = run.frames.length === 0;
  const row = element("thumbnails");
  while (row.childElementCount > run.frames.length) row.lastChild.remove();
  for (let index = row.childElementCount; index < run.frames.length; index++) {
    const frame = run.frames[index];
    const button = make("button", { type: "button", title: frame.caption, "aria-label": frame.caption },
      [make("img", { src: frame.picture, alt: "", style: `aspect-ratio: ${run.width} / ${run.height}` })]);
    button.addEventListener("click", () => chooseFrame(index));
    row.append(button);
  }
  scrub.max = Math.max(0, run.frames.length - 1);
  if (follows) showFrame(run.frames.length - 1);
}

// Curves.
const kinds = [
  { key: "total", name: "total", color: "var(--ink)" },
  { key: "style", name: "style", color: "var(--style)" },
  { key: "content", name: "content", color: "var(--content)" },
  { key: "tv", name: "roughness", color: "var(--tv)" },
  { key: "temporal", name: "from frame to frame", color: "var(--temporal)" },
];
const dashes = ["6 3", "2 3", "9 3 2 3", "12 4", "4 2 1 2", "1 4"];
const hidden = new Set();
const known = new Set();
let cursor = null;

function lines() {
  const own = kinds.map((kind) => ({ ...kind, values: run.trace[kind.key], width: kind.key === "total" ? 2.6 : 2 }));
  const counts = {};
  const layers = run.trace.layers.map((layer) => {
    const number = (counts[layer.kind] = (counts[layer.kind] ?? -1) + 1);
    return {
      key: `${layer.kind}-${layer.layer}`, name: `${layer.kind} at ${layer.name}`, color: `var(--${layer.kind})`,
      dash: dashes[number % dashes.length], width: 1.4, values: layer.values, layer: true,
    };
  });
  return [...own, ...layers].filter((line) => line.values.some((value) => value > 0));
}

// As wide as its place on the page, so that letters keep their size.
const chart = { width: 900, height: 360, left: 48, right: 884, top: 14, bottom: 318 };
function measureChart() {
  const room = element("chart"), style = getComputedStyle(room);
  const inside = room.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
  chart.width = Math.max(280, inside);
  chart.right = chart.width - 14;
}
function drawChart() {
  const all = lines();
  element("curves").hidden = all.length === 0;
  if (all.length === 0) return;
  measureChart();
  for (const line of all) {
    // Layers are there to be switched on.
    if (!known.has(line.key) && line.layer) hidden.add(line.key);
    known.add(line.key);
  }
  const legend = element("legend");
  if (legend.childElementCount !== all.length) {
    legend.replaceChildren(...all.map((line) => {
      const box = make("input", { type: "checkbox" });
      box.checked = !hidden.has(line.key);
      box.addEventListener("change", () => {
        box.checked ? hidden.delete(line.key) : hidden.add(line.key);
        drawChart();
      });
      const style = `border-color: ${line.color}; border-top-style: ${line.dash ? "dashed" : "solid"}`;
      return make("label", {}, [box, make("span", { class: "swatch", style }), line.name]);
    }));
  }
  const shown = all.filter((line) => !hidden.has(line.key));
  const count = run.trace.total.length;
  const values = shown.flatMap((line) => line.values).filter((value) => value > 0);
  const top = values.length ? Math.ceil(Math.log10(values.reduce((a, b) => Math.max(a, b)))) : 1;
  // What ends in sight decides how far down to look; a loss may begin at nothing.
  const ends = shown.map((line) => line.values[line.values.length - 1]).filter((value) => value > 0);
  const least = ends.length ? Math.floor(Math.log10(Math.min(...ends))) : 0;
  const bottom = Math.max(top - 6, Math.min(least, top - 1));
  const x = (index) => chart.left + ((chart.right - chart.left) * index) / Math.max(1, count - 1);
  const y = (value) => chart.top + ((chart.bottom - chart.top) * (top - Math.log10(value))) / (top - bottom);
  const svg = make("svg", { viewBox: `0 0 ${chart.width} ${chart.height}`, "aria-hidden": "true" });
  for (let power = bottom; power <= top; power++) {
    const at = y(10 ** power);
    svg.append(make("path", { class: "grid", d: `M${chart.left} ${at}H${chart.right}` }));
    svg.append(make("text", { class: "axis", x: chart.left - 8, y: at + 4, "text-anchor": "end" },
      ["10", make("tspan", { dy: -5, "font-size": 10 }, [String(power)])]));
  }
  // A line where a scale begins.
  run.trace.scale.forEach((scale, index) => {
    if (index > 0 && scale === run.trace.scale[index - 1]) return;
    if (index > 0) svg.append(make("path", { class: "scale", d: `M${x(index)} ${chart.top}V${chart.bottom}` }));
    const size = run.scales[scale];
    const next = run.trace.scale.indexOf(scale + 1);
    const room = x(next < 0 ? count - 1 : next) - x(index);
    if (size && run.scales.length > 1 && room > 64) {
      svg.append(make("text", { class: "axis", x: x(index) + 4, y: chart.bottom + 16, "font-size": 11 },
        [`${size.width}×${size.height}`]));
    }
  });
  svg.append(make("text", { class: "axis", x: chart.right, y: chart.bottom + 34, "text-anchor": "end" },
    [`iteration ${count}`]));
  const step = Math.max(1, Math.floor(count / 800));
  for (const line of shown) {
    const points = [];
    line.values.forEach((value, index) => {
      if (value >= 10 ** bottom && (index % step === 0 || index === count - 1)) {
        points.push(`${x(index).toFixed(1)},${y(value).toFixed(1)}`);
      }
    });
    svg.append(make("polyline", {
      points: points.join(" "), "data-line": line.key,
      style: `stroke: ${line.color}; stroke-width: ${line.width}; stroke-dasharray: ${line.dash || "none"}`,
    }));
  }
  if (cursor !== null && count > 0) {
    cursor = Math.max(0, Math.min(count - 1, cursor));
    svg.append(make("path", { class: "cursor", d: `M${x(cursor)} ${chart.top}V${chart.bottom}` }));
    const numbers = shown.map((line) => `${line.name} ${line.values[cursor].toExponential(2)}`);
    element("reading").textContent = `iteration ${cursor + 1}: ${numbers.join(", ")}`;
  }
  element("chart").replaceChildren(svg);
}
new ResizeObserver(() => drawChart()).observe(element("chart"));
element("chart").addEventListener("pointermove", (event) => {
  const box = element("chart").querySelector("svg").getBoundingClientRect();
  const at = ((event.clientX - box.left) / box.width) * chart.width;
  const share = (at - chart.left) / (chart.right - chart.left);
  cursor = Math.round(share * (run.trace.total.length - 1));
  drawChart();
});
element("chart").addEventListener("keydown", (event) => {
  const steps = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10, Home: -Infinity, End: Infinity };
  if (!(event.key in steps)) return;
  event.preventDefault();
  const last = run.trace.total.length - 1;
  cursor = Math.max(0, Math.min(last, (cursor ?? 0) + steps[event.key]));
  drawChart();
});

// Settings and times.
function showNumbers() {
  element("lead").textContent = run.lead;
  element("numbers").hidden = run.parameters.length === 0;
  element("parameters").replaceChildren(...run.parameters.map(([name, value]) =>
    make("tr", {}, [make("th", { scope: "row" }, [name]),
      make("td", {}, [name === "Command" ? make("code", {}, [value]) : value])])));
  element("clock").hidden = run.times.length === 0;
  const longest = Math.max(...run.times.map(([, seconds]) => seconds), 1e-9);
  element("times").replaceChildren(...run.times.map(([name, seconds]) =>
    make("tr", {}, [make("th", { scope: "row" }, [name]),
      make("td", {}, [make("span", { class: "bar", style: `width: ${(40 * seconds) / longest}%` }),
        `${seconds.toFixed(2)} s`])])));
}

function showStatus(text) {
  element("status").textContent = text;
}

function draw() {
  showPictures();
  showFilm();
  drawChart();
  showNumbers();
  element("progress").value = run.progress;
}
// What a run tells may come faster than the page can be drawn.
let due = false;
function show() {
  if (due) return;
  due = true;
  requestAnimationFrame(() => {
    due = false;
    draw();
  });
}

// A live page.
function addStep(step) {
  const trace = run.trace;
  for (const key of ["scale", "total", "content", "style", "tv", "temporal"]) trace[key].push(step[key]);
  step.layers.forEach((value, index) => trace.layers[index] && trace.layers[index].values.push(value));
  run.progress = step.progress;
  showStatus(step.status);
}
function listen() {
  element("live").hidden = false;
  showStatus("connecting …");
  const events = new EventSource("events");
  function finish() {
    events.close();
    showStatus(run.ended);
    element("stop").hidden = true;
    run.progress = 1;
  }
  events.addEventListener("run", (event) => {
    Object.assign(run, JSON.parse(event.data));
    if (run.ended) finish();
    show();
  });
  events.addEventListener("layers", (event) => {
    run.trace.layers = JSON.parse(event.data);
  });
  events.addEventListener("step", (event) => {
    addStep(JSON.parse(event.data));
    show();
  });
  events.addEventListener("frame", (event) => {
    run.frames.push(JSON.parse(event.data));
    show();
  });
  events.addEventListener("end", (event) => {
    Object.assign(run, JSON.parse(event.data));
    finish();
    show();
  });
  events.addEventListener("error", () => {
    if (!run.ended) showStatus(events.readyState === EventSource.CLOSED ? "the run has ended" : "connecting …");
  });
  element("stop").addEventListener("click", async () => {
    element("stop").disabled = true;
    try {
      const answer = await fetch("stop", { method: "POST" });
      // The end may be here before the answer.
      if (run.ended) return;
      showStatus(answer.ok ? "stopping after this iteration …" : "the run could not be stopped");
    } catch {
      if (!run.ended) showStatus("the run has ended");
    }
  });
}

divide();
draw();
if (run.live) listen();
