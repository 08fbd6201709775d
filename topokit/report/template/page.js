"use strict";

const SHOW = {
  maps(widget, data) {
    const pictures = widget.querySelectorAll("figure > img");
    return (moment) => data.runs.forEach((run, k) => {
      pictures[k].src = run.frames[run.places[moment]];
      pictures[k].alt = `Connections of each input of ${run.label}, ${data.times[moment]}`;
    });
  },

  within(widget, data) {
    const tiles = widget.querySelectorAll(".tile");
    data.runs.forEach((run, k) => followPointer(tiles[k], run));
    return (moment) => data.runs.forEach((run, k) => markMoment(tiles[k], run, run.places[moment]));
  },

  between(widget, data) {
    const layer = widget.querySelector("select");
    const cells = widget.querySelectorAll("tbody td");
    let shown = data.slices.length - 1;
    const paint = () => {
      const values = data.slices[shown][Number(layer.value)].flat();
      cells.forEach((cell, k) => paintCell(cell, values[k], data.colours));
    };
    layer.addEventListener("change", paint);
    return (moment) => { shown = moment; paint(); };
  },
};

function markMoment(tile, run, place) {
  const share = 100 / run.labels.length;
  const [row, column] = [tile.querySelector(".row-mark"), tile.querySelector(".column-mark")];
  row.style.top = column.style.left = `${place * share}%`;
  row.style.height = column.style.width = `${share}%`;
  const values = run.matrix[place];
  const parts = [`to the first ${values[0].toFixed(3)}`];
  if (place > 0) parts.push(`to the previous ${values[place - 1].toFixed(3)}`);
  parts.push(`to the last ${values[values.length - 1].toFixed(3)}`);
  tile.querySelector(".readout").textContent = `${run.labels[place]}: ${parts.join(", ")}`;
}

function followPointer(tile, run) {
  const picture = tile.querySelector(".matrix");
  picture.addEventListener("pointermove", (event) => {
    const box = picture.getBoundingClientRect();
    const place = (share) => Math.min(run.labels.length - 1, Math.max(0, Math.floor(share * run.labels.length)));
    const [a, b] = [place((event.clientY - box.top) / box.height), place((event.clientX - box.left) / box.width)];
    picture.title = `${run.labels[a]} to ${run.labels[b]}: ${run.matrix[a][b].toFixed(3)}`;
  });
}

function paintCell(cell, value, colours) {
  const colour = colours[Math.round(value * (colours.length - 1))];
  const [red, green, blue] = [1, 3, 5].map((start) => parseInt(colour.slice(start, start + 2), 16));
  cell.textContent = value.toFixed(3);
  cell.style.background = colour;
  cell.style.color = 0.299 * red + 0.587 * green + 0.114 * blue > 140 ? "#000000" : "#ffffff";
}

document.documentElement.classList.add("js");
for (const widget of document.querySelectorAll("[data-widget]")) {
  const data = JSON.parse(widget.querySelector("script").textContent);
  const slider = widget.querySelector("input[type=range]");
  const words = widget.querySelector("output");
  const show = SHOW[widget.dataset.widget](widget, data);
  const update = () => {
    const moment = Number(slider.value);
    words.textContent = data.times[moment];
    slider.setAttribute("aria-valuetext", data.times[moment]);
    show(moment);
  };
  slider.addEventListener("input", update);
  update();
}
