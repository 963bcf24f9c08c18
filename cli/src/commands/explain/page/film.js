// The run from its first picture on, under several weights: frames and losses that were computed with the page.

let film = films[0];
let frame = film.frames.findIndex(({ iteration }) => iteration === report.iteration);
if (frame < 0) frame = film.frames.length - 1;

const LOSSES = ["content", "style", "tv", "temporal", "total"];
const CHART = { width: 520, height: 240, left: 70, right: 12, top: 10, bottom: 30 };

function settingName({ setting, factor }) {
  return word(setting, factor);
}

function showFilm() {
  const last = film.frames[film.frames.length - 1].iteration;
  document.getElementById("film-text").textContent = word("film_text", last);
  const choices = films.map((choice) => {
    const button = make("button", { type: "button", "aria-pressed": String(choice === film), "data-setting": choice.setting }, settingName(choice));
    button.addEventListener("click", () => {
      film = choice;
      showFilm();
    });
    return button;
  });
  document.getElementById("film-settings").replaceChildren(...choices);
  const slider = document.getElementById("film-slider");
  Object.assign(slider, { min: 0, max: film.frames.length - 1, value: frame });
  slider.setAttribute("aria-label", word("film_slider"));
  showFrame();
}

function showFrame() {
  const { iteration, picture } = film.frames[frame];
  const last = film.frames[film.frames.length - 1].iteration;
  const image = document.getElementById("film-picture");
  image.src = picture;
  image.alt = word("film_of", iteration, last);
  document.getElementById("film-caption").textContent = `${word("film_of", iteration, last)}, ${settingName(film)}`;
  document.getElementById("film-slider").setAttribute("aria-valuetext", image.alt);
  const numbers = shownLosses().map((loss) => {
    const value = make("dd", { "data-film-loss": loss }, significant(film.losses[iteration][loss]));
    return make("div", {}, make("dt", { class: `curve ${loss}` }, word(loss)), value);
  });
  document.getElementById("film-losses").replaceChildren(...numbers);
  document.getElementById("film-chart").replaceChildren(drawChart(iteration));
}

/** The losses that are anything at all. */
function shownLosses() {
  return LOSSES.filter((loss) => films.some(({ losses }) => losses.some((at) => at[loss] > 0)));
}

function drawChart(iteration) {
  const { width, height, left, right, top, bottom } = CHART;
  // One scale for all settings, so that they can be compared.
  const positive = films.flatMap(({ losses }) => losses.flatMap((at) => shownLosses().map((loss) => at[loss]))).filter((value) => value > 0);
  const highest = Math.log10(Math.max(...positive));
  const lowest = Math.max(Math.log10(Math.min(...positive)), highest - 5);
  const last = film.losses.length - 1;
  const x = (at) => left + ((width - left - right) * at) / Math.max(1, last);
  const y = (value) => top + ((height - top - bottom) * (highest - Math.max(lowest, Math.log10(value)))) / Math.max(1e-9, highest - lowest);
  const chart = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": word("film_chart") });
  for (let power = Math.ceil(lowest); power <= highest; power += 1) {
    const at = y(10 ** power);
    chart.append(svg("path", { class: "grid", d: `M${left},${at}H${width - right}` }));
    chart.append(svg("text", { x: left - 6, y: at + 4, "text-anchor": "end" }, power < 0 ? String(10 ** power) : (10 ** power).toLocaleString("en")));
  }
  for (let at = 0; at <= last; at += Math.max(1, Math.ceil(last / 5))) {
    chart.append(svg("text", { x: x(at), y: height - 8, "text-anchor": "middle" }, String(at)));
  }
  for (const loss of shownLosses()) {
    const points = film.losses.map((losses, at) => [at, losses[loss]]).filter(([, value]) => value > 0);
    if (points.length) chart.append(svg("path", { class: `curve ${loss}`, d: `M${points.map(([at, value]) => `${x(at)},${y(value)}`).join("L")}` }));
    const value = film.losses[iteration][loss];
    if (value > 0) chart.append(svg("circle", { class: `curve ${loss}`, cx: x(iteration), cy: y(value), r: 4 }));
  }
  chart.append(svg("path", { class: "cursor", d: `M${x(iteration)},${top}V${height - bottom}` }));
  return chart;
}
