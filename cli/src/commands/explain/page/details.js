// The chosen node: its numbers, its formulas, the arithmetic of its shape, its maps.

const details = document.getElementById("details");
let chosen = [];

/** Shows these nodes, by their places on the tape. */
function choose(indices) {
  chosen = indices;
  details.replaceChildren(...indices.map((index) => card(nodes[index])));
  showChosen();
}

/** As `choose`, for who asked for the nodes: brings their cards into view, and keeps the node that was clicked there too. */
function reveal(indices, clicked = null) {
  choose(indices);
  const card = details.firstElementChild.getBoundingClientRect();
  const bar = document.querySelector(".controls").offsetHeight + 12;
  const bottom = window.innerHeight - 12;
  // How far the page must go to show all of the card, and how far it may go.
  const wanted = card.bottom - bottom;
  const top = clicked ? clicked.getBoundingClientRect().top : card.top;
  const least = card.top + Math.min(card.height, 0.3 * window.innerHeight) - bottom;
  const by = card.top < bar ? card.top - bar : Math.max(least, Math.min(wanted, top - bar), 0);
  window.scrollBy({ top: by, behavior: isCalm() ? "auto" : "smooth" });
}

function isCalm() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/** Marks what is chosen in the graph and in the table. */
function showChosen() {
  items.forEach((item) => item.element.classList.toggle("chosen", item.nodes.some((node) => chosen.includes(node.index))));
  document.querySelectorAll("#nodes tbody tr").forEach((row) => {
    row.classList.toggle("chosen", chosen.includes(Number(row.dataset.row)));
  });
}

function card(node) {
  const heading = make("h3", {}, `${node.index} ${node.name}`);
  const numbers = make("dl");
  const shown = COLUMNS.filter(({ key }) => !["index", "name", "inputs"].includes(key));
  for (const column of shown) {
    const value = numberOf("dd", node, column);
    if (value.textContent) numbers.append(make("dt", {}, word(column.key)), value);
  }
  for (const [label, others] of [["reads", node.inputs], ["read_by", users[node.index]]]) {
    if (others.length) numbers.append(make("dt", {}, word(label)), make("dd", {}, ...others.flatMap(link)));
  }
  const columns = make("div", { class: "columns" }, numbers, formulas(node));
  return make("article", { class: "card", "data-card": node.index }, heading, columns, maps(node), summands(node));
}

/** A link to another node. */
function link(index) {
  const anchor = make("a", { href: `#n${index}` }, `${index} ${nodes[index].name}`);
  anchor.addEventListener("click", (event) => {
    event.preventDefault();
    reveal([index]);
  });
  return [anchor, make("br")];
}

function formulas(node) {
  const sections = [
    ["formula_forward", node.forward],
    ["formula_backward", node.backward],
    ["formula_run", filledIn(node)],
    ["formula_shapes", node.arithmetic],
  ];
  const blocks = sections.filter(([, lines]) => lines.length).flatMap(([name, lines]) => {
    return [make("h4", {}, word(name)), make("pre", { "data-formulas": name }, lines.join("\n"))];
  });
  return make("div", { class: "formulas" }, ...blocks);
}

/** A node's formulas with the run's numbers in them, where it computes a single number. */
function filledIn(node) {
  if (node.value === null || !node.inputs.length) return [];
  const reads = node.inputs.map((input) => nodes[input]);
  const lines = [];
  const sum = node.arithmetic.find((line) => line.startsWith("out = ") && line.includes("x["));
  if (sum) {
    const filled = sum.replace(/x\[(\d+)\]/g, (_, place) => inProduct(reads[place].value));
    lines.push(`${filled} = ${significant(node.value)}`);
  } else {
    lines.push(`out = ${significant(node.value)}`);
  }
  if (node.gradient === null) return lines;
  if (sum) {
    const weights = [...sum.matchAll(/(\S+) \* x\[(\d+)\]/g)];
    for (const [, weight, place] of weights) {
      lines.push(`d_x[${place}] = ${weight} * ${inProduct(node.gradient)} = ${significant(weight * node.gradient)}`);
    }
  } else {
    lines.push(...node.backward.map((line) => line.replaceAll("d_out", inProduct(node.gradient))));
  }
  return lines;
}

function inProduct(number) {
  return number < 0 ? `(${significant(number)})` : significant(number);
}

function figure(source, name, alt, notes) {
  const image = make("img", { src: source, alt });
  return make("figure", {}, image, make("figcaption", {}, [name, ...notes].filter(Boolean).join("; ")));
}

function maps(node) {
  const found = pictures.nodes[node.index] || { channels: [] };
  const which = found.channels.length ? word("map_channels", found.channels.join(", ")) : "";
  const isPicture = node.role === "pixels";
  const figures = [];
  const add = (source, name, scale) => {
    if (source) figures.push(figure(source, name, `${name}: ${node.name}`, [which, scale]));
  };
  add(found.value, word("map_value"), isPicture ? "" : word("map_value_scale"));
  add(found.gradient, word("map_gradient"), word(isPicture ? "map_picture_scale" : "map_gradient_scale"));
  return make("div", { class: "maps" }, ...figures);
}

/** Where a gradient is a sum: what came back from each node that reads this one. */
function summands(node) {
  const section = make("div", { class: "summands" });
  if (node.summands.length < 2) return section;
  const found = (pictures.nodes[node.index] || {}).summands || {};
  const name = (summand) => labelText(nodes[summand.from].label);
  const lengths = node.summands.map((summand) => word("from", significant(summand.norm), name(summand))).join(", ");
  section.append(make("p", {}, word("adds", node.summands.length)));
  section.append(make("p", { class: "lengths" }, word("adds_norms", lengths, significant(node.gradient_norm))));
  const row = make("div", { class: "maps sum" });
  for (const summand of node.summands.filter(({ from }) => found[from])) {
    const caption = word("map_summand", name(summand));
    row.append(figure(found[summand.from], caption, `${caption}: ${node.name}`, [significant(summand.norm)]));
  }
  if (row.children.length) {
    const total = figure(pictures.nodes[node.index].gradient, word("map_gradient"), "", [significant(node.gradient_norm)]);
    total.className = "total";
    row.append(total);
    section.append(make("p", { class: "reason" }, word("one_scale")), row);
  }
  return section;
}
