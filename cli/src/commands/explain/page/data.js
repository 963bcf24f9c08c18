// What the page shows: the report as `impasto explain --json` prints it, and pictures beside it.

"use strict";

const report = JSON.parse(document.getElementById("report").textContent);
const pictures = JSON.parse(document.getElementById("pictures").textContent);
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

/** What of a node stands in the table and on its card, and how it is written. */
const COLUMNS = [
  { key: "index", title: "node", text: String },
  { key: "name", title: "name", word: true, text: String },
  { key: "operation", title: "operation", word: true, text: String },
  { key: "inputs", title: "inputs", word: true, text: (inputs) => inputs.join(" ") },
  { key: "shape", title: "shape", word: true, text: shapeText },
  { key: "parameters", title: "parameters", text: (count) => (count ? String(count) : "") },
  { key: "flops", title: "FLOPs forward", text: (count) => (count ? short(count) : "") },
  { key: "backward_flops", title: "FLOPs backward", text: (count) => (count ? short(count) : "") },
  { key: "bytes", title: "bytes", text: short },
  { key: "forward_ms", title: "forward ms", text: milliseconds },
  { key: "backward_ms", title: "backward ms", text: milliseconds },
  { key: "value_norm", title: "|value|", text: significant },
  { key: "gradient_norm", title: "|gradient|", text: (norm) => (norm === null ? "" : significant(norm)) },
];

function milliseconds(ms) {
  if (ms === null) return "";
  return ms < 0.001 ? "< 0.001" : ms.toFixed(3);
}

function shapeText(shape) {
  return shape.length ? shape.join("×") : "()";
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
