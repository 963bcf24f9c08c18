// The chosen node: its numbers, its formulas, the arithmetic of its shape, its maps.

const details = document.getElementById("details");
let chosen = [];

/** Shows these nodes, by their places on the tape. */
function choose(indices) {
  chosen = indices;
  details.replaceChildren(...indices.map((index) => card(nodes[index])));
  showChosen();
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
    if (value.textContent) numbers.append(make("dt", {}, column.title), value);
  }
  for (const [label, others] of [["reads", node.inputs], ["read by", users[node.index]]]) {
    if (others.length) numbers.append(make("dt", {}, label), make("dd", {}, ...others.flatMap(link)));
  }
  const columns = make("div", { class: "columns" }, numbers, formulas(node));
  return make("article", { class: "card", "data-card": node.index }, heading, columns, maps(node));
}

/** A link to another node. */
function link(index) {
  const anchor = make("a", { href: `#n${index}` }, `${index} ${nodes[index].name}`);
  anchor.addEventListener("click", (event) => {
    event.preventDefault();
    choose([index]);
  });
  return [anchor, make("br")];
}

function formulas(node) {
  const sections = [
    ["Forward: the value", node.forward],
    ["Backward: the vector-Jacobian product", node.backward],
    ["In numbers", node.arithmetic],
  ];
  const blocks = sections.filter(([, lines]) => lines.length).flatMap(([name, lines]) => {
    return [make("h4", {}, name), make("pre", {}, lines.join("\n"))];
  });
  return make("div", { class: "formulas" }, ...blocks);
}

function maps(node) {
  const found = pictures.nodes[node.index] || { channels: [] };
  const which = found.channels.length ? `channels ${found.channels.join(", ")}, by rows` : "";
  const figure = (source, name, scale) => {
    const image = make("img", { src: source, alt: `${name} of ${node.name}` });
    return make("figure", {}, image, make("figcaption", {}, [name, which, scale].filter(Boolean).join("; ")));
  };
  const isPicture = node.role === "pixels";
  const figures = [];
  if (found.value) figures.push(figure(found.value, "Value", isPicture ? "" : "black is 0, white the largest, blue negative"));
  if (found.gradient) {
    const scale = isPicture ? "gray is 0" : "white is 0, red positive, blue negative";
    figures.push(figure(found.gradient, "Gradient of the total loss", scale));
  }
  return make("div", { class: "maps" }, ...figures);
}
