// Uses the page as a visitor would, and leaves what it finds in an element called `result`.

(async () => {
  const all = (selector) => [...document.querySelectorAll(selector)];
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));
  const click = (element) => element.dispatchEvent(new MouseEvent("click", { bubbles: true }));
  const boxes = () => all("#graph .node").map((node) => node.dataset.nodes.split(" ").map(Number));
  const found = { fits: document.documentElement.scrollWidth <= window.innerWidth };

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
  found.gradients = numbers.map((node) => [Number(node.dataset.nodes), node.querySelector(".below").textContent]);

  // Values and gradients in the graph, on the cards and below.
  const sources = new Set(all("#pixel-gradients img, header img").map((image) => image.src));
  Object.values(pictures.nodes).forEach((maps) => [maps.value, maps.gradient].forEach((map) => map && sources.add(map)));
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
