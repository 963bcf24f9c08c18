// The walk: forward from the pixels to the total loss, each node's value appearing, then backward, gradients taking
// their place. A step is an item of the graph, so a folded fire module is one.

const STEP_MS = 900;
const caption = document.getElementById("caption");
const playButton = document.getElementById("play");

/** The node where the walk is, and its direction; `null` where there is no walk. */
let position = null;
let timer = null;

/** Every step, in order. */
function steps() {
  const walked = items.filter((item) => item.role !== "leaf");
  const forward = walked.map((item) => ({ item, direction: "forward" }));
  const back = walked.filter((item) => item.nodes.some((node) => node.gradient_norm !== null)).reverse();
  return [...forward, ...back.map((item) => ({ item, direction: "backward" }))];
}

/** Where the walk is among the steps; -1 where there is none. */
function placeOfWalk(all) {
  if (!position) return -1;
  return all.findIndex((step) => step.direction === position.direction && step.item === itemOf.get(position.node));
}

/** Goes to a step by its place; outside of them, the walk ends. */
function goTo(place) {
  const all = steps();
  const step = all[place];
  position = step ? { node: step.item.last.index, direction: step.direction } : null;
  showWalk();
  if (!step) return;
  choose(shownOf(step.item));
  const picture = container.firstElementChild;
  const center = (step.item.x + step.item.width / 2) * (picture.clientWidth / picture.viewBox.baseVal.width);
  container.scrollTo({ left: center - container.clientWidth / 2, behavior: isCalm() ? "auto" : "smooth" });
}

/** Draws the state of the walk into the graph. */
function showWalk() {
  const all = steps();
  const place = placeOfWalk(all);
  // The direction in which each item was visited last.
  const visited = new Map(all.slice(0, place + 1).map(({ item, direction }) => [item.id, direction]));
  for (const item of items.filter((item) => item.role !== "leaf")) {
    const isCurrent = place >= 0 && all[place].item === item;
    item.element.classList.toggle("current", isCurrent);
    item.element.classList.toggle("going-back", isCurrent && all[place].direction === "backward");
    item.element.classList.toggle("waiting", place >= 0 && !visited.has(item.id));
    const turned = visited.get(item.id) === "backward";
    item.element.classList.toggle("turned", turned);
    item.element.querySelector(".below").textContent = below(item, turned);
    const image = item.element.querySelector("image");
    if (image) image.setAttribute("href", (turned && item.maps.gradient) || item.maps.value || item.maps.gradient);
  }
  showEdges(all, place, visited);
  caption.replaceChildren(...describe(all, place));
  playButton.textContent = word(timer === null ? "play" : "pause");
}

/** Colors the edges that the walk has taken: by the direction in which they were taken last. */
function showEdges(all, place, visited) {
  const turns = new Set(all.filter((step) => step.direction === "backward").map((step) => step.item.id));
  container.querySelectorAll(".edge").forEach((edge) => {
    const { from, to } = edge.dataset;
    let direction = visited.get(to);
    // No gradient goes to a leaf.
    if (direction === "backward" && !turns.has(from)) direction = "forward";
    const isCurrent = direction && all[place].item.id === to && all[place].direction === direction;
    edge.classList.toggle("forward", direction === "forward");
    edge.classList.toggle("backward", direction === "backward");
    edge.classList.toggle("current", Boolean(isCurrent));
    pointEdge(edge, "arrow", direction);
  });
}

function describe(all, place) {
  if (place < 0) return [word("hint")];
  const { item, direction } = all[place];
  const count = all.filter((step) => step.direction === direction).length;
  const number = direction === "forward" ? place + 1 : place + 1 - (all.length - count);
  const heading = make("b", { class: direction }, word(direction));
  const { shape } = item.last;
  const parts = [number, count, item.title, shape.length ? shapeText(shape) : word("single"), amount(item, direction)];
  return [heading, word("step_of", ...parts)];
}

/** How large the value or the gradient of an item is, how long it took, and what it is the sum of. */
function amount(item, direction) {
  const { shape, value, gradient, value_norm, gradient_norm, summands } = item.last;
  const isNumber = shape.length === 0;
  let text;
  if (direction === "forward") {
    text = isNumber ? word("value_is", significant(value)) : `${word("value_norm")} ${significant(value_norm)}`;
  } else {
    text = isNumber ? word("gradient_is", significant(gradient)) : `${word("gradient_norm")} ${significant(gradient_norm)}`;
    if (summands.length > 1) {
      const lengths = summands.map(({ from, norm }) => word("from", significant(norm), labelText(nodes[from].label)));
      text += word("sum_of", summands.length, lengths.join(", "));
    }
  }
  const ms = direction === "forward" ? item.forward : item.backward;
  return ms ? `${text}, ${milliseconds(ms)} ms` : text;
}

function step(by) {
  const all = steps();
  const place = placeOfWalk(all);
  // Back from no walk is its end, and on from its end is none.
  goTo(place < 0 && by < 0 ? all.length - 1 : place + by);
}

function pause() {
  clearTimeout(timer);
  timer = null;
  showWalk();
}

function play() {
  const speed = Number(document.getElementById("speed").value);
  const all = steps();
  const place = placeOfWalk(all);
  if (place === all.length - 1) return pause();
  timer = setTimeout(play, STEP_MS / speed);
  goTo(place + 1);
}

function togglePlay() {
  if (timer !== null) return pause();
  document.querySelector(".controls").scrollIntoView({ block: "start" });
  // From the end, from the beginning again.
  if (placeOfWalk(steps()) === steps().length - 1) position = null;
  play();
}

function reset() {
  pause();
  goTo(-1);
}
