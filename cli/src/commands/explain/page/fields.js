// Numbers that can be dragged sideways or typed, and numbers that are shown.

/** Pixels of a drag for one step of a number. */
const DRAG = 6;

/** At most four decimals, and no more zeros than a number needs. */
function decimal(number) {
  if (!Number.isFinite(number)) return String(number);
  const text = (Math.round(number * 1e4) / 1e4).toFixed(4).replace(/\.?0+$/, "");
  return text === "-0" ? "0" : text;
}

/** Shows a number in a field, unless it is there in another spelling: whoever types is left alone. */
function showNumber(field, number) {
  if (decimal(Number(field.value.replace(",", "."))) === decimal(number)) return;
  field.value = decimal(number);
  field.classList.remove("wrong");
}

/** A field for a number; `change` is called with each new one. */
function numberField(value, label, change, step = 0.1) {
  const field = make("input", { type: "text", inputmode: "decimal", class: "field", "aria-label": label, size: 5 });
  field.value = decimal(value);
  let drag = null;
  const set = (number) => {
    field.value = decimal(number);
    change(number);
  };
  const read = () => Number(field.value.replace(",", "."));
  field.addEventListener("input", () => {
    const isNumber = field.value.trim() !== "" && Number.isFinite(read());
    field.classList.toggle("wrong", !isNumber);
    if (isNumber) change(read());
  });
  field.addEventListener("keydown", (event) => {
    const by = { ArrowUp: step, ArrowDown: -step }[event.key];
    if (!by || !Number.isFinite(read())) return;
    event.preventDefault();
    set(Math.round((read() + by) * 1e4) / 1e4);
  });
  // A press takes the focus only if nothing was dragged, so that a drag selects no text.
  const move = (event) => {
    const steps = Math.round((event.clientX - drag.x) / DRAG);
    if (!drag.moved && steps === 0) return;
    drag.moved = true;
    set(Math.round((drag.from + steps * step) * 1e4) / 1e4);
  };
  const end = () => {
    ["pointerup", "pointercancel"].forEach((name) => window.removeEventListener(name, end));
    window.removeEventListener("pointermove", move);
    if (!drag.moved) field.focus();
    drag = null;
  };
  field.addEventListener("pointerdown", (event) => {
    if (drag || document.activeElement === field || !Number.isFinite(read())) return;
    drag = { x: event.clientX, from: read(), moved: false };
    window.addEventListener("pointermove", move);
    ["pointerup", "pointercancel"].forEach((name) => window.addEventListener(name, end));
  });
  field.addEventListener("mousedown", (event) => drag && event.preventDefault());
  return field;
}
