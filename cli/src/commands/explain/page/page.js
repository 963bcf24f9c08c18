// What stands around the graph, what buttons and keys do, and the language of it all.

function lead() {
  const { losses, totals } = report;
  const parts = LOSSES.filter((loss) => loss !== "total" && losses[loss] !== 0);
  const picture = word("lead_picture", {
    width: report.width,
    height: report.height,
    iterations: report.iteration === 1 ? word("iteration") : word("iterations", report.iteration),
    total: significant(losses.total),
    parts: parts.map((loss) => `${word(loss)} ${significant(losses[loss])}`).join(", "),
  });
  const tape = word("lead_tape", {
    nodes: nodes.length,
    forward: totals.forward_ms.toFixed(2),
    backward: totals.backward_ms.toFixed(2),
    threads: report.threads === 1 ? word("thread") : word("threads", report.threads),
    simd: report.simd,
    replays: report.replays,
    weights: report.weights,
  });
  return language === "zh" ? picture + tape : `${picture} ${tape}`;
}

function pixelGradients() {
  return report.pixel_gradients.map(({ loss, value, norm, largest, grid }) => {
    const image = make("img", { src: pictures.pixel_gradients[loss], alt: `${word("asks")}: ${word(loss)}` });
    const number = (key, number) => make("span", { "data-loss": loss, "data-key": key }, significant(number));
    const span = word("grid", Math.min(...grid.flat()).toFixed(2), Math.max(...grid.flat()).toFixed(2));
    const text = [" = ", number("value", value), `; ${word("gradient_norm")} `, number("norm", norm), `, ${word("largest")} `, number("largest", largest), `; ${span}`];
    return make("figure", {}, image, make("figcaption", {}, make("b", {}, word(loss)), ...text));
  });
}

function fillTable() {
  const table = document.getElementById("nodes");
  const headings = COLUMNS.map(({ key, word: isWord }) => make("th", { scope: "col", class: isWord ? "word" : "" }, word(key)));
  const body = make("tbody");
  for (const node of nodes) {
    const row = make("tr", { "data-row": node.index, class: isLeaf(node) ? "leaf" : "" }, ...COLUMNS.map((column) => numberOf("td", node, column)));
    row.addEventListener("click", () => reveal([node.index]));
    body.append(row);
  }
  const totals = COLUMNS.map((column) => {
    const total = report.totals[column.key];
    return make("td", {}, column.key === "name" ? word("total") : total === undefined ? "" : column.text(total));
  });
  table.replaceChildren(make("thead", {}, make("tr", {}, ...headings)), body, make("tfoot", {}, make("tr", {}, ...totals)));
  showChosen();
}

function listen() {
  const on = (id, action) => document.getElementById(id).addEventListener("click", action);
  on("play", togglePlay);
  on("next", () => (pause(), step(1)));
  on("back", () => (pause(), step(-1)));
  on("reset", reset);
  on("fold", () => setFolded(modules, folded.size === 0));
  on("language", () => speak(language === "en" ? "zh" : "en"));
  on("downhill", () => {
    document.getElementById("pixel-gradients").classList.toggle("negated", document.getElementById("downhill").checked);
  });
  on("leaves", () => {
    document.getElementById("nodes").classList.toggle("all", document.getElementById("leaves").checked);
  });
  document.getElementById("film-slider").addEventListener("input", (event) => {
    frame = Number(event.target.value);
    showFrame();
  });
  document.addEventListener("keydown", (event) => {
    if (event.target.closest("select, input, table") || event.ctrlKey || event.metaKey || event.altKey) return;
    const onButton = event.target.closest("button");
    const actions = { ArrowRight: () => (pause(), step(1)), ArrowLeft: () => (pause(), step(-1)), Escape: reset };
    if (event.key === " " && !onButton) actions[" "] = togglePlay;
    if (!actions[event.key]) return;
    event.preventDefault();
    actions[event.key]();
  });
}

/** Shows the whole page in a language. */
function speak(which) {
  language = which;
  fillWords();
  const { content, styles } = report;
  document.querySelector("header img").alt = word("picture_alt");
  document.title = `impasto: ${word("heading")}`;
  document.getElementById("problem").textContent = word("problem", { content, styles: styles.join(word("and")) });
  document.getElementById("lead").textContent = lead();
  document.getElementById("pixel-gradients").replaceChildren(...pixelGradients());
  draw();
  showFoldButton();
  showWalk();
  choose(chosen);
  fillTable();
  showFilm();
  showLab();
}

chosen = [0];
speak(language);
listen();
