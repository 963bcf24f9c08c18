// The graph: where nodes stand, how they are drawn, and which fire modules are folded.
//
// The network runs along one line from left to right. Below each layer hang the steps from its features to a loss; the
// losses themselves stand on the right, each at the end of a line that collects what belongs to it. Weights and targets
// are small squares beside the node that reads them.

const NODE = { width: 128, height: 112, plain: 52, leaf: 22 };
const PITCH = { column: 160, row: 26, line: 14 };
const MARGIN = { left: 30, top: 58, right: 20, bottom: 16 };

const container = document.getElementById("graph");
const modules = [...new Set(nodes.map((node) => node.module).filter(Boolean))];
const folded = new Set(modules);

/** What is drawn, in the order of the tape: `{ id, nodes, title, role, module, folded, x, y, width, height }`. */
let items = [];
/** The item that shows a node. */
let itemOf = new Map();

function isLeaf(node) {
  return node.role === "parameter" || node.role === "target";
}

function makeItems() {
  items = [];
  itemOf = new Map();
  const ofModule = new Map();
  for (const node of nodes) {
    let item = node.module && folded.has(node.module) ? ofModule.get(node.module) : undefined;
    if (!item) {
      item = { id: `n${node.index}`, nodes: [], role: isLeaf(node) ? "leaf" : node.role, module: node.module };
      items.push(item);
      if (node.module && folded.has(node.module)) {
        Object.assign(item, { id: node.module, folded: true, role: "layer" });
        ofModule.set(node.module, item);
      }
    }
    item.nodes.push(node);
    itemOf.set(node.index, item);
  }
  for (const item of items) {
    item.last = item.nodes[item.nodes.length - 1];
    item.title = item.folded ? `fire ${item.last.layer}` : labelText(item.last.label);
    item.maps = item.nodes.map((node) => pictures.nodes[node.index]).filter(Boolean).pop();
    item.width = item.role === "leaf" ? NODE.leaf : NODE.width;
    item.height = item.role === "leaf" ? NODE.leaf : item.maps ? NODE.height : NODE.plain;
    item.forward = sum(item.nodes.map((node) => node.forward_ms));
    item.backward = sum(item.nodes.map((node) => node.backward_ms));
  }
}

function sum(numbers) {
  return numbers.reduce((total, number) => total + (number || 0), 0);
}

/** The items that an item reads. */
function inputsOf(item) {
  const inputs = item.nodes.flatMap((node) => node.inputs).map((input) => itemOf.get(input));
  return [...new Set(inputs)].filter((input) => input !== item);
}

/** Gives every item its place. */
function place() {
  const onLine = items.filter((item) => item.role === "layer" || item.role === "pixels");
  const losses = items.filter((item) => item.role === "loss" && item.last.name.endsWith("_loss"));
  const chains = [];
  for (const item of items.filter((item) => item.role === "loss" && !losses.includes(item))) {
    const before = chains.find((chain) => inputsOf(item).includes(chain.items[chain.items.length - 1]));
    if (before) before.items.push(item);
    else chains.push({ root: inputsOf(item).find((input) => onLine.includes(input)), items: [item] });
  }
  let x = MARGIN.left;
  let deepest = 0;
  for (const item of onLine) {
    Object.assign(item, { x, y: MARGIN.top });
    const hanging = chains.filter((chain) => chain.root === item);
    hanging.forEach((chain, index) => {
      let y = MARGIN.top + NODE.height + PITCH.row;
      for (const step of chain.items) {
        Object.assign(step, { x: x + index * PITCH.column, y });
        y += step.height + PITCH.row;
      }
      deepest = Math.max(deepest, y);
    });
    x += PITCH.column * Math.max(1, hanging.length);
  }
  // The losses but the last, which is their total, at the ends of their lines: below all else, so that they need no
  // column of their own.
  x -= PITCH.column / 3;
  const total = losses[losses.length - 1];
  const terms = losses.filter((item) => item !== total);
  let y = deepest;
  for (const item of terms) {
    Object.assign(item, { x, y });
    y += item.height + PITCH.line;
  }
  if (terms.length) {
    const middle = (terms[0].y + terms[terms.length - 1].y) / 2;
    Object.assign(total, { x: x + PITCH.column, y: middle });
  } else if (total) {
    Object.assign(total, { x, y });
    y += total.height;
  }
  placeLeaves();
  const right = Math.max(...items.map((item) => item.x + item.width));
  const bottom = Math.max(...items.map((item) => item.y + item.height));
  return { width: right + MARGIN.right, height: bottom + MARGIN.bottom };
}

/** Weights in a row above the node that reads them, targets to its left. */
function placeLeaves() {
  const beside = new Map();
  for (const item of items.filter((item) => item.role === "leaf")) {
    const user = itemOf.get(users[item.last.index][0]);
    const row = beside.get(user) || [];
    beside.set(user, row);
    row.push(item);
    const above = item.last.role === "parameter";
    item.x = above ? user.x + (row.length - 1) * (NODE.leaf + 6) : user.x - NODE.leaf - 8;
    item.y = above ? user.y - NODE.leaf - 14 : user.y + (user.height - NODE.leaf) / 2;
  }
}

/** The way from one item to another. */
function path(from, to) {
  const right = from.x + from.width;
  const middle = from.y + from.height / 2;
  const end = to.y + to.height / 2;
  if (from.role === "leaf") {
    if (from.last.role === "target") return `M${right},${middle}L${to.x},${middle}`;
    return `M${from.x + from.width / 2},${from.y + from.height}L${from.x + from.width / 2},${to.y}`;
  }
  const isAlongLine = from.y === to.y;
  if (isAlongLine) return `M${right},${middle}L${to.x},${end}`;
  if (to.x <= from.x + PITCH.column && to.role === "loss" && !to.last.name.endsWith("_loss")) {
    // Straight down, or into the next column where that place is taken.
    const start = from.x + from.width / 2;
    const target = to.x + to.width / 2;
    const half = (from.y + from.height + to.y) / 2;
    return `M${start},${from.y + from.height}C${start},${half} ${target},${half} ${target},${to.y}`;
  }
  if (to.last.name === "total_loss" && from.last.name.endsWith("_loss")) {
    const half = (right + to.x) / 2;
    return `M${right},${middle}C${half},${middle} ${half},${end} ${to.x},${end}`;
  }
  const down = from.x + from.width / 2;
  return `M${down},${from.y + from.height}L${down},${end - 12}Q${down},${end} ${down + 12},${end}L${to.x},${end}`;
}

function drawItem(item, slowest) {
  const names = item.nodes.map((node) => `${node.index} ${node.name}`).join(", ");
  const group = svg("g", {
    class: `node ${item.role}${item.folded ? " folded" : ""}`,
    transform: `translate(${item.x},${item.y})`,
    tabindex: 0,
    role: "button",
    "aria-label": names,
    "data-item": item.id,
    "data-nodes": item.nodes.map((node) => node.index).join(" "),
  });
  group.append(svg("title", {}, names));
  group.append(svg("rect", { class: "box", width: item.width, height: item.height, rx: item.role === "leaf" ? 4 : 8 }));
  const center = item.width / 2;
  if (item.role === "leaf") {
    group.append(svg("text", { x: center, y: 16 }, item.title));
  } else {
    group.append(svg("text", { x: center, y: 19 }, item.title));
    group.append(svg("text", { x: center, y: 36, class: "below" }, below(item, false)));
    if (item.maps) {
      const href = item.maps.value || item.maps.gradient;
      group.append(svg("image", { x: 8, y: 43, width: item.width - 16, height: 54, href }));
    }
    const longest = item.width - 16;
    const bar = (time, y, name) =>
      svg("rect", { class: name, x: 8, y, height: 3, width: Math.max(0, (longest * time) / slowest), rx: 1.5 });
    group.append(bar(item.forward, item.height - 10, "forward"), bar(item.backward, item.height - 6, "backward"));
  }
  group.addEventListener("click", () => reveal(shownOf(item), group));
  onKey(group, () => reveal(shownOf(item), group));
  item.element = group;
  return group;
}

/** What stands below an item's title: its shape; of a single number its value or, where the walk is back, its gradient. */
function below(item, isTurned) {
  const { shape, value, gradient } = item.last;
  if (shape.length) return shapeText(shape);
  return isTurned ? `d = ${significant(gradient)}` : `= ${significant(value)}`;
}

/** The nodes whose cards are opened for an item, the last first: of a folded module not its weights. */
function shownOf(item) {
  const own = item.role === "leaf" ? item.nodes : item.nodes.filter((node) => !isLeaf(node));
  return own.map((node) => node.index).reverse();
}

function onKey(element, action) {
  element.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    action();
  });
}

/** The button that folds or unfolds a fire module. */
function drawToggle(module, x, y) {
  const isFolded = folded.has(module);
  const label = word(isFolded ? "unfold" : "fold", module.replace("features.", "fire "));
  const group = svg("g", {
    class: "toggle",
    transform: `translate(${x},${y})`,
    tabindex: 0,
    role: "button",
    "aria-label": label,
    "data-module": module,
  });
  group.append(svg("title", {}, label));
  group.append(svg("circle", { r: 11 }), svg("text", { y: 5 }, isFolded ? "+" : "−"));
  const toggle = () => setFolded([module], !isFolded);
  group.addEventListener("click", toggle);
  onKey(group, toggle);
  return group;
}

function drawModules(picture) {
  for (const module of modules) {
    const members = items.filter((item) => item.module === module);
    const left = Math.min(...members.map((item) => item.x));
    const right = Math.max(...members.map((item) => item.x + item.width));
    const top = MARGIN.top;
    if (!folded.has(module)) {
      const frame = { class: "module", x: left - 8, y: top - 44, width: right - left + 16, height: NODE.height + 52, rx: 10 };
      picture.prepend(svg("rect", frame));
    }
    picture.append(drawToggle(module, folded.has(module) ? right - 4 : right + 6, folded.has(module) ? top + 2 : top - 42));
  }
}

/** Draws everything anew. */
function draw() {
  makeItems();
  const size = place();
  // As wide as the page, within the bounds of what can be read.
  const style = `width:100%;min-width:${0.8 * size.width}px;max-width:${1.5 * size.width}px`;
  const picture = svg("svg", { viewBox: `0 0 ${size.width} ${size.height}`, style }, arrowheads("arrow"));
  for (const item of items) {
    for (const input of inputsOf(item)) {
      const edge = svg("path", { class: "edge", d: path(input, item), "data-from": input.id, "data-to": item.id });
      pointEdge(edge, "arrow", null);
      picture.append(edge);
    }
  }
  const slowest = Math.max(...items.flatMap((item) => [item.forward, item.backward]));
  items.forEach((item) => picture.append(drawItem(item, slowest)));
  drawModules(picture);
  container.replaceChildren(picture);
}

function setFolded(some, fold) {
  some.forEach((module) => (fold ? folded.add(module) : folded.delete(module)));
  const focused = document.activeElement && document.activeElement.dataset.module;
  draw();
  showWalk();
  showChosen();
  showFoldButton();
  if (focused) container.querySelector(`.toggle[data-module="${focused}"]`).focus();
}

function showFoldButton() {
  const foldAll = document.getElementById("fold");
  foldAll.textContent = word(folded.size ? "unfold_all" : "fold_all");
  foldAll.setAttribute("aria-pressed", String(folded.size > 0));
}
