// What the page shows: the report as `impasto explain --json` prints it, pictures beside it, films of the run, and the
// examples as `impasto explain step --json` prints them.

const data = (id) => JSON.parse(document.getElementById(id).textContent);
const report = data("report");
const pictures = data("pictures");
const films = data("films");
const examples = data("examples");
const nodes = report.nodes;

/** The nodes that read a node. */
const users = nodes.map((node) => nodes.filter((user) => user.inputs.includes(node.index)).map((user) => user.index));

/** Four digits. */
function significant(number) {
  if (number === 0) return "0";
  if (Math.abs(number) < 1e-3 || Math.abs(number) >= 1e6) return number.toExponential(3);
  return number.toFixed(Math.max(0, 3 - Math.floor(Math.log10(Math.abs(number)))));
}

/** Three digits and a unit. */
function short(number) {
  const unit = [[1e9, " G"], [1e6, " M"], [1e3, " k"]].find(([size]) => number >= size);
  if (!unit) return String(number);
  const scaled = number / unit[0];
  return scaled.toFixed(scaled < 10 ? 2 : scaled < 100 ? 1 : 0) + unit[1];
}

/** What of a node stands in the table and on its card, in this order, and how it is written. */
const COLUMNS = [
  { key: "index", text: String },
  { key: "name", word: true, text: String },
  { key: "value_norm", text: significant },
  { key: "gradient_norm", text: (norm) => (norm === null ? "" : significant(norm)) },
  { key: "operation", word: true, text: String },
  { key: "inputs", word: true, text: (inputs) => inputs.join(" ") },
  { key: "shape", word: true, text: shapeText },
  { key: "forward_ms", text: milliseconds },
  { key: "backward_ms", text: milliseconds },
  { key: "flops", text: (count) => (count ? short(count) : "") },
  { key: "backward_flops", text: (count) => (count ? short(count) : "") },
  { key: "bytes", text: short },
  { key: "parameters", text: (count) => (count ? String(count) : "") },
];

function milliseconds(ms) {
  if (ms === null) return "";
  return ms < 0.001 ? "< 0.001" : ms.toFixed(3);
}

function shapeText(shape) {
  return shape.length ? shape.join("×") : word("number");
}

/** A node's number as text, in an element that names the number it shows. */
function numberOf(tag, node, column) {
  const element = make(tag, { "data-node": node.index, "data-key": column.key });
  element.textContent = column.text(node[column.key]);
  if (column.word) element.className = "word";
  return element;
}

/** An element with attributes and children. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  Object.entries(attributes).forEach(([name, value]) => element.setAttribute(name, value));
  element.append(...children);
  return element;
}

function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  Object.entries(attributes).forEach(([name, value]) => element.setAttribute(name, value));
  element.append(...children);
  return element;
}

/** The head of an arrow in each color that an edge can have, for the definitions of a drawing. */
function arrowheads(name) {
  const head = (direction) => {
    const attributes = { id: `${name}-${direction}`, class: `head ${direction}`, viewBox: "0 0 8 8", refX: 7.5, refY: 4 };
    Object.assign(attributes, { markerWidth: 9, markerHeight: 9, markerUnits: "userSpaceOnUse", orient: "auto-start-reverse" });
    return svg("marker", attributes, svg("path", { d: "M0,0.5L8,4L0,7.5z" }));
  };
  return svg("defs", {}, ...["plain", "forward", "backward"].map(head));
}

/** Lets an edge end in the head of its direction: backward, where the gradient arrives. */
function pointEdge(edge, name, direction) {
  const isBack = direction === "backward";
  edge.setAttribute(isBack ? "marker-start" : "marker-end", `url(#${name}-${direction || "plain"})`);
  edge.removeAttribute(isBack ? "marker-end" : "marker-start");
}
