// The four functions on a few numbers, each step by its own formula: what is given can be changed, and all that follows
// from it is computed again.

/** How a gradient that is a sum comes together, in the formulas of the examples; `#` stands for a layer's number. */
const GRAM_PARTS = [
  ["part_second", "d_F#[p, j] = sum over i of F#[p, i]*d_Q#[i, j]"],
  ["part_first", "d_F#[p, j] = sum over i of F#[p, i]*d_Q#[j, i]"],
];
const PARTS = {
  gram_matrix: { F: ofLayer("") },
  style_loss: { F1: ofLayer("1"), F2: ofLayer("2") },
  tv_loss: {
    X: [
      ["part_vertical", "d_X[y, x] = d_V[y-1, x] - d_V[y, x]"],
      ["part_horizontal", "d_X[y, x] = d_U[y, x-1] - d_U[y, x]"],
    ],
  },
};

function ofLayer(number) {
  return GRAM_PARTS.map(([name, formula]) => [name, formula.replaceAll("#", number)]);
}

/** How far values are moved for central differences. */
const OFFSET = 1e-4;

/** How far a step downhill goes, for each unit of the gradient. */
const RATES = { neuron: 0.5, content_loss: 0.1, gram_matrix: 0.1, style_loss: 0.02, tv_loss: 0.5 };

/** An example with its formulas read, and its quantities by their names. */
class Example {
  constructor(example) {
    this.example = example;
    const read = (step) => ({ ...step, name: step.result.name, read: readFormula(step.formula) });
    this.forward = example.forward.map(read);
    this.backward = example.backward.map(read);
    this.result = this.forward[this.forward.length - 1].name;
    this.reset();
  }

  reset() {
    this.given = {};
    for (const { name, values } of this.example.given) this.given[name] = values.map((row) => [...row]);
    this.compute();
  }

  /** What has a gradient. */
  get leaves() {
    const named = new Set(this.backward.map(({ name }) => name));
    return Object.keys(this.given).filter((name) => named.has(`d_${name}`));
  }

  compute() {
    this.quantities = { ...this.given, [`d_${this.result}`]: [[1]] };
    this.texts = {};
    for (const step of [...this.forward, ...this.backward]) {
      this.texts[step.name] = this.computeStep(step, this.quantities);
    }
  }

  computeStep(step, quantities) {
    const { values } = step.result;
    // A count of positions and channels follows from shapes, which stay.
    const isKnown = namesIn(step.read).every((name) => name in quantities);
    const found = isKnown
      ? evaluate(step.read, quantities, values.length, values[0].length)
      : { values, texts: step.substitutions };
    quantities[step.name] = found.values;
    return found.texts;
  }

  /** The result where one element of a given quantity is moved. */
  resultAt(name, row, column, offset) {
    const quantities = { ...this.given, [name]: this.given[name].map((values) => [...values]) };
    quantities[name][row][column] += offset;
    this.forward.forEach((step) => this.computeStep(step, quantities));
    return quantities[this.result][0][0];
  }

  /** The largest difference between a gradient by its formula and by central differences. */
  largestDifference() {
    let largest = 0;
    for (const leaf of this.leaves) {
      this.given[leaf].forEach((values, row) =>
        values.forEach((_, column) => {
          const above = this.resultAt(leaf, row, column, OFFSET);
          const below = this.resultAt(leaf, row, column, -OFFSET);
          const difference = (above - below) / (2 * OFFSET) - this.quantities[`d_${leaf}`][row][column];
          largest = Math.max(largest, Math.abs(difference));
        }),
      );
    }
    return largest;
  }

  step(rate) {
    for (const leaf of this.leaves) {
      const gradient = this.quantities[`d_${leaf}`];
      this.given[leaf] = this.given[leaf].map((values, row) => values.map((value, column) => value - rate * gradient[row][column]));
    }
    this.compute();
  }
}

const byHand = Object.fromEntries(examples.map((example) => [example.function, new Example(example)]));

/** A matrix whose cells are made by `cell(row, column)`. */
function matrix(values, cell) {
  const rows = values.map((row, y) => make("tr", {}, ...row.map((_, x) => make("td", {}, cell(y, x)))));
  return make("table", { class: "matrix" }, make("tbody", {}, ...rows));
}

/** The example of a function as elements. */
function showExample(name) {
  const example = byHand[name];
  const shown = [];
  const update = () => shown.forEach((show) => show());
  const changed = () => {
    example.compute();
    update();
  };

  const given = example.example.given.map(({ name: of, values, meaning }) => {
    const change = (y, x) => (number) => {
      example.given[of][y][x] = number;
      changed();
    };
    const cell = (y, x) => {
      const field = numberField(example.given[of][y][x], `${of}[${y}, ${x}]`, change(y, x));
      field.dataset.given = `${of} ${y} ${x}`;
      shown.push(() => showNumber(field, example.given[of][y][x]));
      return field;
    };
    return make("div", { class: "step" }, make("b", {}, of), make("p", { class: "reason" }, sentence(meaning)), matrix(values, cell));
  });

  /** A quantity that is computed; pointing at a cell shows its numbers. */
  const computed = ({ name: of, formula, reason, result }, direction) => {
    const line = make("pre", { class: "numbers" });
    let at = [0, 0];
    const write = () => {
      const text = example.texts[of][at[0]][at[1]];
      const place = example.quantities[of].length > 1 || example.quantities[of][0].length > 1 ? `[${at.join(", ")}]` : "";
      line.textContent = `${of}${place} = ${text} = ${decimal(example.quantities[of][at[0]][at[1]])}`;
    };
    const cell = (y, x) => {
      const number = make("span", { class: "result", tabindex: 0, "data-result": `${of} ${y} ${x}` });
      const point = () => {
        at = [y, x];
        write();
      };
      number.addEventListener("pointerenter", point);
      number.addEventListener("focus", point);
      shown.push(() => (number.textContent = decimal(example.quantities[of][y][x])));
      return number;
    };
    shown.push(write);
    const parts = [make("pre", { class: "formula" }, formula)];
    if (reason) parts.push(make("p", { class: "reason" }, sentence(reason)));
    return make("div", { class: `step ${direction}` }, ...parts, matrix(result.values, cell), line);
  };

  const sums = example.leaves.map((leaf) => sumOf(example, name, leaf, shown));
  const check = make("p", { "data-check": name });
  shown.push(() => (check.textContent = word("lab_check", example.largestDifference().toExponential(1))));
  const column = (title, hint, ...children) =>
    make("div", { class: "column" }, make("h4", {}, title, hint ? make("small", {}, ` ${hint}`) : ""), ...children);
  const { remarks } = example.example;
  const section = make(
    "div",
    { class: "example", "data-example": name },
    make("pre", { class: "formula" }, `${name} = ${example.example.formula}`),
    ...remarks.map((remark) => make("p", { class: "reason" }, sentence(remark))),
    buttons(name, () => (example.reset(), update()), () => (example.step(RATES[name]), update())),
    make(
      "div",
      { class: "walks" },
      column(word("lab_given"), word("lab_given_hint"), ...given),
      column(word("lab_forward"), "", ...example.forward.map((step) => computed(step, "forward"))),
      column(word("lab_backward"), `d_${example.result} = 1`, ...example.backward.map((step) => computed(step, "backward"))),
    ),
    make("h4", {}, word("lab_sum")),
    ...sums,
    check,
  );
  update();
  return section;
}

/** A gradient as the sum of what comes back from each place where its quantity is read. */
function sumOf(example, name, leaf, shown) {
  const parts = (PARTS[name] || {})[leaf];
  if (!parts) return make("p", {}, word("lab_once", leaf));
  const gradient = () => example.quantities[`d_${leaf}`];
  const read = parts.map(([title, formula]) => ({ title, formula, read: readFormula(formula) }));
  let values;
  shown.push(() => (values = read.map((part) => evaluate(part.read, example.quantities, gradient().length, gradient()[0].length).values)));
  const show = (title, formula, key, number) => {
    const cell = (y, x) => {
      const span = make("span", { class: "result", "data-part": `${leaf} ${key} ${y} ${x}` });
      shown.push(() => (span.textContent = decimal(number(y, x))));
      return span;
    };
    return make("div", { class: "step backward" }, make("p", { class: "reason" }, title), make("pre", { class: "formula" }, formula), matrix(gradient(), cell));
  };
  const row = make("div", { class: "sum-row" });
  read.forEach((part, index) => {
    if (index) row.append(make("span", { class: "sign" }, "+"));
    row.append(show(word(part.title), part.formula, index, (y, x) => values[index][y][x]));
  });
  row.append(make("span", { class: "sign" }, "="), show("", `d_${leaf}`, "sum", (y, x) => gradient()[y][x]));
  return make("div", {}, make("p", {}, word("lab_sum_text", leaf)), row);
}

function buttons(name, reset, step) {
  const button = (text, action, id) => {
    const element = make("button", { type: "button", "data-action": id }, text);
    element.addEventListener("click", action);
    return element;
  };
  return make("p", { class: "buttons" }, button(word("take_step", RATES[name]), step, "step"), button(word("start_again"), reset, "reset"));
}

let shownExample = "neuron";

/** The tabs and the example that is chosen. */
function showLab() {
  const names = ["neuron", ...examples.map((example) => example.function)];
  const tabs = names.map((name) => {
    const attributes = { type: "button", role: "tab", "aria-selected": String(name === shownExample), "data-tab": name };
    const tab = make("button", attributes, name === "neuron" ? word("neuron") : name);
    tab.addEventListener("click", () => {
      shownExample = name;
      showLab();
    });
    return tab;
  });
  document.getElementById("lab-tabs").replaceChildren(...tabs);
  document.getElementById("lab").replaceChildren(shownExample === "neuron" ? showNeuron() : showExample(shownExample));
}
