// Finds out what is on the page of a run, and what its controls do.
(async () => {
  const moment = () => new Promise((done) => setTimeout(done, 50));
  const get = (id) => document.getElementById(id);
  const visible = (id) => get(id).offsetParent !== null && !get(id).hidden;
  await moment();
  while ([...document.images].some((image) => image.src && !image.complete)) await moment();
  await moment();
  const found = { failures: window.failures, title: document.title, lead: get("lead").textContent };
  found.fits = document.documentElement.scrollWidth <= document.documentElement.clientWidth;
  found.compare = visible("compare") && visible("before");
  const edge = () => getComputedStyle(get("before")).clipPath;
  const before = edge();
  get("divider").value = 900;
  get("divider").dispatchEvent(new Event("input"));
  await moment();
  found.divided = before !== edge();
  found.sizes = [...document.images].filter((image) => image.src).map((image) => [image.naturalWidth, image.naturalHeight]);
  found.frames = get("thumbnails").childElementCount;
  const shown = [];
  for (const at of [0, Number(get("scrub").max)]) {
    get("scrub").value = at;
    get("scrub").dispatchEvent(new Event("input"));
    await moment();
    shown.push([get("framecaption").textContent, get("frame").src.length]);
  }
  get("thumbnails").firstElementChild.click();
  await moment();
  found.clicked = get("framecaption").textContent;
  found.shown = shown;
  const lines = () => [...document.querySelectorAll("#chart polyline")].map((line) => line.dataset.line);
  found.lines = lines();
  const boxes = [...document.querySelectorAll("#legend input")];
  found.legend = boxes.length;
  for (const box of boxes) if (!box.checked) box.click();
  await moment();
  found.all = lines();
  get("chart").dispatchEvent(new KeyboardEvent("keydown", { key: "End", bubbles: true }));
  await moment();
  found.reading = get("reading").textContent;
  found.parameters = Object.fromEntries([...document.querySelectorAll("#parameters tr")].map((row) =>
    [row.children[0].textContent, row.children[1].textContent]));
  found.times = document.querySelectorAll("#times tr").length;
  found.live = visible("live");
  found.names = [...document.querySelectorAll("input, button, img")].filter((one) => one.offsetParent !== null).every((one) =>
    one.labels?.length > 0 || one.getAttribute("aria-label") || one.hasAttribute("alt") || one.textContent.trim() !== "");
  const pre = document.createElement("pre");
  pre.id = "result";
  pre.textContent = JSON.stringify(found);
  document.body.append(pre);
})();
