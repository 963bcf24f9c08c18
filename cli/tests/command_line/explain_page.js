// Uses the page as a visitor would, and leaves what it finds in an element called `result`.

(async () => {
  const all = (selector) => [...document.querySelectorAll(selector)];
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));
  const click = (element) => element.dispatchEvent(new MouseEvent("click", { bubbles: true }));
  const boxes = () => all("#graph .node").map((node) => node.dataset.nodes.split(" ").map(Number));
  const found = { fits: document.documentElement.scrollWidth <= window.innerWidth, width: window.innerWidth };

  // Folded as the page opens; all unfolded; the first folded again.
  found.folded = boxes();
  found.overlaps = overlaps();
  const fold = document.getElementById("fold");
  const hasModules = all(".toggle").length > 0;
  if (hasModules) click(fold);
  found.unfolded = boxes();
  found.overlaps.push(...overlaps());
  if (hasModules) click(document.querySelector(".toggle"));
  found.one_folded = boxes();
  if (hasModules) click(document.querySelector(".toggle"));

  found.numbers = all("[data-key]").filter((element) => !element.closest("#details")).map((element) => ({
    node: element.dataset.node && Number(element.dataset.node),
    loss: element.dataset.loss,
    key: element.dataset.key,
    text: element.textContent,
  }));

  // Every row opens a card with the same numbers, and formulas where there is something to compute.
  found.cards = 0;
  for (const row of all("#nodes tbody tr")) {
    click(row);
    const card = document.querySelector(`[data-card="${row.dataset.row}"]`);
    const text = (root, key) => root.querySelector(`[data-key="${key}"]`).textContent;
    const computes = text(row, "inputs") !== "";
    const formulas = card.querySelectorAll(".formulas pre").length;
    if (text(card, "value_norm") === text(row, "value_norm") && (formulas >= 2) === computes) found.cards += 1;
  }

  // A click on a node of the graph brings its card into view; `in_view` are the pixels of it that are seen.
  found.in_view = [];
  for (const node of all("#graph .node")) {
    window.scrollTo(0, 0);
    click(node);
    const card = document.getElementById("details").firstElementChild.getBoundingClientRect();
    const seen = Math.min(card.bottom, window.innerHeight) - Math.max(card.top, 0);
    found.in_view.push(Math.min(seen, card.height) / Math.min(card.height, 0.3 * window.innerHeight));
  }
  window.scrollTo(0, 0);

  // Names stay while the table goes sideways, and leaves are folded until they are asked for.
  const cell = document.querySelector("#nodes tbody tr:not(.leaf) td:nth-child(2)");
  found.sticky = getComputedStyle(cell).position;
  const rows = () => all("#nodes tbody tr").filter((row) => getComputedStyle(row).display !== "none").length;
  found.rows = [rows()];
  click(document.getElementById("leaves"));
  found.rows.push(rows());

  found.sums = nodes.filter((node) => node.summands.length > 1).map((node) => {
    choose([node.index]);
    return { node: node.index, lengths: document.querySelector("#details .lengths").textContent, maps: all("#details .sum img").length };
  });
  found.filled = [...document.querySelectorAll("#nodes tbody tr")].flatMap((row) => {
    click(row);
    const lines = document.querySelector('#details [data-formulas="formula_run"]');
    return lines ? [[Number(row.dataset.row), lines.textContent]] : [];
  });

  // Frames and settings of the film.
  found.films = [];
  const slider = document.getElementById("film-slider");
  for (const { setting } of films) {
    click(document.querySelector(`[data-setting="${setting}"]`));
    const frames = [];
    for (let place = 0; place <= Number(slider.max); place += 1) {
      slider.value = place;
      slider.dispatchEvent(new Event("input"));
      const losses = all("[data-film-loss]").map((loss) => [loss.dataset.filmLoss, loss.textContent]);
      const isShown = document.getElementById("film-picture").src === film.frames[place].picture;
      frames.push({ caption: document.getElementById("film-caption").textContent, isShown, losses });
    }
    found.films.push({ setting, frames });
  }

  // The neuron and the examples: numbers typed and dragged, and what follows from them.
  const type = (field, text) => {
    field.value = text;
    field.dispatchEvent(new Event("input"));
  };
  const drag = (field, by) => {
    const event = (name, x) => new PointerEvent(name, { clientX: x, bubbles: true });
    field.dispatchEvent(event("pointerdown", 100));
    window.dispatchEvent(event("pointermove", 100 + by / 2));
    window.dispatchEvent(event("pointermove", 100 + by));
    window.dispatchEvent(event("pointerup", 100 + by));
  };
  const tab = (name) => click(document.querySelector(`[data-tab="${name}"]`));
  const texts = (selector, key) => Object.fromEntries(all(selector).map((element) => [element.dataset[key], element.textContent]));
  const neuron = () => ({
    leaves: all("[data-leaf]").map((field) => Number(field.value)),
    values: texts("[data-value]", "value"),
    gradients: texts("[data-gradient]", "gradient"),
    summands: texts("[data-summand]", "summand"),
  });
  tab("neuron");
  found.neuron = [neuron()];
  type(document.querySelector('[data-leaf="0"]'), "1.25");
  drag(document.querySelector('[data-leaf="2"]'), 36);
  found.neuron.push(neuron());
  type(document.querySelector('[data-leaf="1"]'), "what");
  found.wrong = document.querySelector('[data-leaf="1"]').classList.contains("wrong");
  click(document.querySelector('[data-action="reset"]'));
  click(document.querySelector('[data-action="step"]'));
  found.neuron.push(neuron());

  found.examples = [];
  for (const { function: name } of examples) {
    tab(name);
    const read = () => ({
      function: name,
      given: Object.fromEntries(all("[data-given]").map((field) => [field.dataset.given, Number(field.value)])),
      results: texts("[data-result]", "result"),
      parts: texts("[data-part]", "part"),
      check: Number(document.querySelector(`[data-check="${name}"]`).textContent.match(/\d\.\de[+-]\d+/)[0]),
      numbers: all(".example .numbers").map((line) => line.textContent),
    });
    const first = read();
    all("[data-given]").forEach((field, index) => (index % 2 ? type(field, String((index % 5) - 1.5)) : drag(field, 12 - 6 * index)));
    const changed = read();
    click(document.querySelector('[data-action="reset"]'));
    const before = read();
    click(document.querySelector('[data-action="step"]'));
    found.examples.push({ first, changed, before, after: read() });
  }

  // The other language and back: every text that a reader sees changes.
  const proses = () => all("[data-word], #lead, #caption, #film-text, .example p, #details .lengths").map((element) => element.textContent);
  const english = proses();
  click(document.getElementById("language"));
  found.chinese = { lang: document.documentElement.lang, without: proses().filter((text) => text && text !== "English" && text !== "Tape" && !/[\u4e00-\u9fff]/.test(text)) };
  found.untranslated = [];
  for (const { function: name } of examples) {
    tab(name);
    found.untranslated.push(...all(".example .reason").map((element) => element.textContent).filter((text) => text && !/[\u4e00-\u9fff]/.test(text)));
  }
  click(document.getElementById("language"));
  found.same_again = proses().length === english.length && document.documentElement.lang === "en";

  // The frame around the node where the walk is has the color of its direction.
  found.colors = { forward: [], backward: [] };
  const bright = (name) => {
    const probe = document.createElement("i");
    probe.style.color = `var(--${name})`;
    document.body.append(probe);
    return getComputedStyle(probe).color;
  };
  for (const direction of ["Forward", "Backward"]) {
    const label = direction.toLowerCase();
    document.getElementById("reset").click();
    document.getElementById(label === "forward" ? "next" : "back").click();
    const stroke = getComputedStyle(document.querySelector(".node.current .box")).stroke;
    found.colors[label] = [stroke, bright(label)];
  }
  document.getElementById("reset").click();
  document.getElementById("next").click();
  const waiting = document.querySelector(".node.waiting:not(.leaf)");
  found.hidden = getComputedStyle(waiting.querySelector(".below")).visibility;
  document.getElementById("reset").click();

  // The whole walk, played.
  found.walk = [];
  const caption = document.getElementById("caption");
  new MutationObserver(() => {
    const direction = caption.querySelector("b");
    const current = document.querySelector(".node.current");
    if (!direction || !current) return;
    const step = [direction.textContent, Number(current.dataset.nodes)];
    if (String(step) !== String(found.walk[found.walk.length - 1])) found.walk.push(step);
  }).observe(caption, { childList: true });
  document.getElementById("speed").value = "4";
  const play = document.getElementById("play");
  click(play);
  for (let waited = 0; play.textContent === "Pause" && waited < 400; waited += 1) await wait(250);
  found.turned = all(".node.turned").map((node) => Number(node.dataset.nodes));
  const numbers = all(".node.turned").filter((node) => !node.querySelector("image"));
  found.arrows = all("#graph .edge").every((edge) => edge.hasAttribute("marker-start") !== edge.hasAttribute("marker-end"));
  found.gradients = numbers.map((node) => [Number(node.dataset.nodes), node.querySelector(".below").textContent]);

  // Values and gradients in the graph, on the cards and below.
  const sources = new Set(all("#pixel-gradients img, header img").map((image) => image.src));
  Object.values(pictures.nodes).forEach((maps) => [maps.value, maps.gradient, ...Object.values(maps.summands)].forEach((map) => map && sources.add(map)));
  all("#graph image").forEach((image) => sources.add(image.getAttribute("href")));
  const blank = await Promise.all([...sources].map(isBlank));
  found.pictures = sources.size;
  found.blank = [...sources].filter((_, index) => blank[index]).map((source) => source.slice(0, 60));

  found.failures = window.failures;
  const result = document.createElement("pre");
  result.id = "result";
  const json = JSON.stringify(found);
  result.textContent = json.replace(/[<>&]/g, (sign) => `\\u00${sign.charCodeAt(0).toString(16)}`);
  document.body.append(result);

  /** Pairs of boxes of which one covers a part of the other. */
  function overlaps() {
    const rectangles = all("#graph .node .box").map((box) => box.getBoundingClientRect());
    const apart = (a, b) => a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;
    return rectangles.flatMap((a, i) => rectangles.slice(i + 1).flatMap((b, j) => (apart(a, b) ? [] : [[i, i + 1 + j]])));
  }

  /** Whether all pixels of a picture are the same. */
  async function isBlank(source) {
    const image = new Image();
    // Not `decode`, which the browser's virtual time does not wait for.
    await new Promise((loaded) => {
      image.onload = loaded;
      image.src = source;
    });
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    const pixels = new Uint32Array(context.getImageData(0, 0, canvas.width, canvas.height).data.buffer);
    return pixels.every((pixel) => pixel === pixels[0]);
  }
})();
