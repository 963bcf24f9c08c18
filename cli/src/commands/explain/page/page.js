// What stands around the graph, and what buttons and keys do.

function lead() {
  const { losses, totals } = report;
  const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;
  const terms = [["content", losses.content], ["style", losses.style], ["total variation", losses.tv]];
  const parts = terms.filter(([, loss]) => loss !== 0).map(([name, loss]) => `${name} ${significant(loss)}`);
  return (
    `A picture of ${report.width} × ${report.height} pixels after ${plural(report.iteration, "iteration")}. ` +
    `Its loss is ${significant(losses.total)} (${parts.join(", ")}). The tape has ${nodes.length} nodes; ` +
    `one walk forward takes ${totals.forward_ms.toFixed(2)} ms, one backward ${totals.backward_ms.toFixed(2)} ms, ` +
    `on ${plural(report.threads, "thread")} (${report.simd}; medians of ${report.replays} replays). ` +
    `Weights: ${report.weights}.`
  );
}

function pixelGradients() {
  return report.pixel_gradients.map(({ loss, value, norm, largest, grid }) => {
    const image = make("img", { src: pictures.pixel_gradients[loss], alt: `Gradient of ${loss} with respect to the pixels` });
    const number = (key, number) => make("span", { "data-loss": loss, "data-key": key }, significant(number));
    const text = ["", " = ", number("value", value), "; |gradient| ", number("norm", norm), ", largest ", number("largest", largest), "; grid ", Math.min(...grid.flat()).toFixed(2), " to ", Math.max(...grid.flat()).toFixed(2)];
    return make("figure", {}, image, make("figcaption", {}, make("b", {}, loss), ...text));
  });
}

function fillTable() {
  const table = document.getElementById("nodes");
  const headings = COLUMNS.map(({ title, word }) => make("th", { scope: "col", class: word ? "word" : "" }, title));
  const body = make("tbody");
  for (const node of nodes) {
    const row = make("tr", { "data-row": node.index }, ...COLUMNS.map((column) => numberOf("td", node, column)));
    row.addEventListener("click", () => choose([node.index]));
    body.append(row);
  }
  const totals = COLUMNS.map((column) => {
    const total = report.totals[column.key];
    return make("td", {}, column.key === "name" ? "total" : total === undefined ? "" : column.text(total));
  });
  table.append(make("thead", {}, make("tr", {}, ...headings)), body, make("tfoot", {}, make("tr", {}, ...totals)));
}

function listen() {
  const on = (id, action) => document.getElementById(id).addEventListener("click", action);
  on("play", togglePlay);
  on("next", () => (pause(), step(1)));
  on("back", () => (pause(), step(-1)));
  on("reset", reset);
  on("fold", () => setFolded(modules, folded.size === 0));
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

document.getElementById("lead").textContent = lead();
document.getElementById("pixel-gradients").append(...pixelGradients());
fillTable();
draw();
showWalk();
listen();
choose([0]);
