// Small pieces that the labs share: what a reader sees and touches beside the model.

export const percent = (p) => `${p < 0.01 && p > 0 ? "<1" : Math.round(100 * p)} %`;

// A list of bars, one a name; the longest is marked. Numbers beside them are for the eye: what
// matters is said in a status line as well.
export function bars(list, names, values, marked = true) {
  const best = values.indexOf(Math.max(...values));
  list.classList.add("yl-bars");
  list.replaceChildren(...names.map((name, n) => {
    const item = document.createElement("li");
    const label = document.createElement("span");
    const bar = document.createElement("i");
    label.textContent = name;
    bar.style.inlineSize = `${100 * values[n]}%`;
    item.classList.toggle("is-best", marked && n === best);
    item.append(label, bar);
    return item;
  }));
}

// Grey pixels on a canvas: values from 0 (paper) to 1 (ink), `across` of them in a row.
export function pixels(canvas, values, across) {
  const context = canvas.getContext("2d");
  const size = canvas.width / across;
  values.forEach((value, i) => {
    const grey = Math.round(255 * (1 - Math.min(1, Math.max(0, value))));
    context.fillStyle = `rgb(${grey},${grey},${grey})`;
    context.fillRect((i % across) * size, Math.floor(i / across) * size, size, size);
  });
}

// Where on a canvas the pointer is, from 0 to 1 across and down.
export function spot(canvas, event) {
  const box = canvas.getBoundingClientRect();
  return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
}

// Call draw(x, y) wherever the pointer goes while it is pressed on a canvas.
export function onDraw(canvas, draw) {
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    draw(...spot(canvas, event));
  });
  canvas.addEventListener("pointermove", (event) => event.buttons && draw(...spot(canvas, event)));
}

// Let the page breathe between long computations, and stop when the lab is asked to.
export const breathe = () => new Promise((resolve) => setTimeout(resolve));
