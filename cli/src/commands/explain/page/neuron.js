// The tape of the first chapter, over single numbers, in the same few lines: what each node was computed from, with the
// derivative by it, and a walk from the last node to the first.

class ScalarTape {
  constructor() {
    this.nodes = [];
  }

  push(value, inputs = []) {
    this.nodes.push({ value, inputs });
    return this.nodes.length - 1;
  }

  add(a, b) {
    return this.push(this.nodes[a].value + this.nodes[b].value, [[a, 1], [b, 1]]);
  }

  mul(a, b) {
    const [x, y] = [this.nodes[a].value, this.nodes[b].value];
    return this.push(x * y, [[a, y], [b, x]]);
  }

  tanh(x) {
    const out = Math.tanh(this.nodes[x].value);
    return this.push(out, [[x, 1 - out * out]]);
  }

  /** The derivative of the last node by every node, and what each edge carried back: `{ from, to, local, summand }`. */
  backward() {
    const gradients = this.nodes.map(() => 0);
    gradients[gradients.length - 1] = 1;
    const edges = [];
    for (let index = this.nodes.length - 1; index >= 0; index -= 1) {
      for (const [input, local] of this.nodes[index].inputs) {
        const summand = local * gradients[index];
        gradients[input] += summand;
        edges.push({ from: input, to: index, local, summand });
      }
    }
    return { gradients, edges };
  }
}

const NEURON = {
  names: ["w", "x", "b", "−1", "w·x", "w·x + b", "tanh", "error", "loss"],
  // Column and row of each node.
  places: [[0, 0], [0, 1.2], [1, 2], [3, 2], [1, 0.6], [2, 0.6], [3, 0.6], [4, 0.6], [5, 0.6]],
  first: [0.5, 2, -0.5, -1],
  box: { width: 116, height: 66, column: 196, row: 100, margin: 16 },
};
let leaves = [...NEURON.first];

function recordNeuron() {
  const tape = new ScalarTape();
  const [w, x, b, minusTarget] = leaves.map((leaf) => tape.push(leaf));
  const sum = tape.add(tape.mul(w, x), b);
  const error = tape.add(tape.tanh(sum), minusTarget);
  tape.mul(error, error); // the loss uses the error twice
  return tape;
}

function showNeuron() {
  const drawing = make("div", { class: "neuron" });
  const check = make("p", { "data-check": "neuron" });
  const fields = leaves.map((leaf, index) => {
    const field = numberField(leaf, NEURON.names[index], (number) => {
      leaves[index] = number;
      update();
    });
    field.dataset.leaf = index;
    return field;
  });
  const update = () => {
    fields.forEach((field, index) => showNumber(field, leaves[index]));
    const tape = recordNeuron();
    const { gradients, edges } = tape.backward();
    drawing.replaceChildren(drawNeuron(tape, gradients, edges));
    check.textContent = word("lab_check", neuronDifference(gradients).toExponential(1));
  };
  const step = () => {
    const { gradients } = recordNeuron().backward();
    // As in the chapter's exercise: the weight and the bias learn, the input and the target are data.
    [0, 2].forEach((leaf) => (leaves[leaf] -= RATES.neuron * gradients[leaf]));
    update();
  };
  const reset = () => {
    leaves = [...NEURON.first];
    update();
  };
  const given = fields.map((field, index) => make("label", {}, make("b", {}, NEURON.names[index]), " ", field));
  const section = make("div", { class: "example", "data-example": "neuron" });
  section.append(make("p", {}, word("neuron_text")), make("div", { class: "leaves" }, ...given));
  section.append(buttons("neuron", reset, step), drawing, check);
  update();
  return section;
}

/** The largest difference between the tape's gradients of the leaves and central differences. */
function neuronDifference(gradients) {
  const lossAt = (leaf, offset) => {
    const kept = leaves[leaf];
    leaves[leaf] = kept + offset;
    const tape = recordNeuron();
    leaves[leaf] = kept;
    return tape.nodes[8].value;
  };
  const difference = (leaf) => (lossAt(leaf, OFFSET) - lossAt(leaf, -OFFSET)) / (2 * OFFSET) - gradients[leaf];
  return Math.max(...leaves.map((_, leaf) => Math.abs(difference(leaf))));
}

function drawNeuron(tape, gradients, edges) {
  const { width, height, column, row, margin } = NEURON.box;
  const at = ([x, y]) => [margin + x * column, margin + y * row];
  const columns = Math.max(...NEURON.places.map(([x]) => x));
  const size = [2 * margin + columns * column + width, 2 * margin + 2 * row + height];
  const attributes = { viewBox: `0 0 ${size[0]} ${size[1]}`, role: "img", "aria-label": word("neuron_label") };
  const drawing = svg("svg", attributes, arrowheads("step"));
  edges.forEach(({ from, to, local, summand }, index) => {
    const [x0, y0] = at(NEURON.places[from]);
    const [x1, y1] = at(NEURON.places[to]);
    // The two edges of a square lie apart.
    const twin = edges.findIndex((edge) => edge.from === from && edge.to === to) !== index ? 1 : -1;
    const isTwin = edges.filter((edge) => edge.from === from && edge.to === to).length > 1;
    const apart = isTwin ? 18 * twin : 0;
    const isAbove = from === 2 || from === 3;
    const start = isAbove ? [x0 + width / 2, y0] : [x0 + width, y0 + height / 2 + apart];
    const end = isAbove ? [x1 + width / 4, y1 + height] : [x1, y1 + height / 2 + apart + (from === 0 ? -8 : from === 1 ? 8 : 0)];
    const middle = [(start[0] + end[0]) / 2, (start[1] + end[1]) / 2];
    const d = isAbove
      ? `M${start}C${start[0]},${middle[1]} ${end[0]},${middle[1]} ${end}`
      : `M${start}C${middle[0]},${start[1]} ${middle[0]},${end[1]} ${end}`;
    const edge = svg("path", { class: "edge backward", d });
    pointEdge(edge, "step", "backward");
    const lift = isTwin ? (apart < 0 ? -8 : 18) : isAbove ? 6 : from === 1 ? 18 : -8;
    const place = { x: middle[0] + (isAbove ? 4 : 0), y: middle[1] + lift, "text-anchor": isAbove ? "start" : "middle" };
    const number = svg("text", { class: "carried", "data-summand": `${to} ${from} ${twin}`, ...place }, decimal(summand));
    const product = svg("title", {}, `${decimal(local)} · ${decimal(gradients[to])} = ${decimal(summand)}`);
    const label = svg("g", {}, product, number);
    drawing.append(edge, label);
  });
  NEURON.names.forEach((name, index) => {
    const [x, y] = at(NEURON.places[index]);
    const group = svg("g", { transform: `translate(${x},${y})`, class: `scalar ${tape.nodes[index].inputs.length ? "" : "leaf"}` });
    const text = (line, y, attributes) => svg("text", { x: width / 2, y, ...attributes }, line);
    group.append(svg("rect", { width, height, rx: 8 }), text(name, 20, { class: "name" }));
    group.append(text(decimal(tape.nodes[index].value), 39, { class: "value", "data-value": index }));
    group.append(text(`d = ${decimal(gradients[index])}`, 57, { class: "gradient", "data-gradient": index }));
    drawing.append(group);
  });
  return drawing;
}
