// Reads the formulas of the worked examples, computes them, and writes them with their numbers:
// `Q[i, j] = sum over p of F[p, i]*F[p, j]`. A quantity is a matrix, a list of rows; a single number is one of 1 by 1.

/** A formula, read: what it defines, and a sum of products. */
function readFormula(formula) {
  const [left, right] = formula.split(/ = (.*)/);
  const [, name, indices] = left.match(/^(\w+)(?:\[(.*)\])?$/);
  const sum = right.match(/^sum over (\w(?: and \w)*) of (.*)$/);
  const terms = [];
  const pieces = (sum ? sum[2] : right).split(/ ([+-]) /);
  for (let place = 0; place < pieces.length; place += 2) {
    terms.push({ sign: pieces[place - 1] === "-" ? -1 : 1, factors: readProduct(pieces[place]) });
  }
  return { name, indices: indices ? indices.split(", ") : [], over: sum ? sum[1].split(" and ") : [], terms };
}

/** `2*D[p, c]^2/N`, as factors that multiply or divide. */
function readProduct(text) {
  return text.split(/(?=[*/])/).map((piece) => {
    const [, sign, number, name, indices, power] = piece.match(/^([*/]?)(?:([\d.]+)|(\w+)(?:\[(.*)\])?)(\^2)?$/);
    const places = indices ? indices.split(", ").map((index) => index.match(/^(\w)([+-]\d)?$/)) : [];
    return {
      divides: sign === "/",
      number: number === undefined ? undefined : Number(number),
      name,
      indices: places.map(([, letter, offset]) => ({ letter, offset: Number(offset || 0) })),
      isSquare: Boolean(power),
    };
  });
}

/** The names that a formula reads. */
function namesIn(formula) {
  return formula.terms.flatMap(({ factors }) => factors.map(({ name }) => name)).filter(Boolean);
}

/** How far the letter of an index goes: as far as the quantities that have it. */
function extent(letter, formula, quantities) {
  for (const { name, indices } of formula.terms.flatMap(({ factors }) => factors)) {
    const axis = indices.findIndex((index) => index.letter === letter && index.offset === 0);
    if (axis >= 0) return axis === 0 ? quantities[name].length : quantities[name][0].length;
  }
  return 0;
}

/** One element of what a formula defines: its value, and the numbers that it was computed from. */
function element(formula, quantities, places) {
  const all = formula.over.reduce((assigned, letter) => {
    const count = extent(letter, formula, quantities);
    return assigned.flatMap((places) => [...Array(count).keys()].map((at) => ({ ...places, [letter]: at })));
  }, [places]);
  let value = 0;
  let text = "";
  for (const at of all) {
    for (const { sign, factors } of formula.terms) {
      const term = product(factors, quantities, at, sign < 0 || text !== "");
      // At the border of a picture a neighbor is missing, and its term with it.
      if (!term) continue;
      value += sign * term.value;
      text += text === "" ? (sign < 0 ? "-" : "") : sign < 0 ? " - " : " + ";
      text += term.text;
    }
  }
  return { value, text };
}

function product(factors, quantities, at, isInner) {
  let value = 1;
  let text = "";
  for (const factor of factors) {
    let number = factor.number;
    if (factor.name) {
      const [row = 0, column = 0] = factor.indices.map(({ letter, offset }) => at[letter] + offset);
      number = quantities[factor.name][row]?.[column];
      if (number === undefined) return null;
    }
    const power = factor.isSquare ? number * number : number;
    value = factor.divides ? value / power : value * power;
    const isAlone = factors.length === 1 && !factor.isSquare && !isInner;
    const written = number < 0 && !isAlone ? `(${decimal(number)})` : decimal(number);
    text += `${text === "" ? "" : factor.divides ? "/" : "*"}${written}${factor.isSquare ? "^2" : ""}`;
  }
  return { value, text };
}

/** All of what a formula defines, of this many rows and columns: values and texts. */
function evaluate(formula, quantities, rows, columns) {
  const [row, column] = formula.indices;
  const cells = [...Array(rows).keys()].map((y) =>
    [...Array(columns).keys()].map((x) => element(formula, quantities, { [row]: y, [column]: x })),
  );
  return { values: cells.map((line) => line.map(({ value }) => value)), texts: cells.map((line) => line.map(({ text }) => text)) };
}
