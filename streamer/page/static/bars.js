// A bar per muscle, a column per leg; a press chooses the muscle.

const LEGS = { _l: "Left", _r: "Right" };

export class Bars {
  #rows = [];
  #place;
  #choose;

  constructor(place, choose) {
    this.#place = place;
    this.#choose = choose;
  }

  begin(names) {
    this.#rows = names.map((name) => this.#row(name));
    const columns = Object.keys(LEGS).map((side) => this.#column(LEGS[side], (name) => name.endsWith(side)));
    const rest = this.#column("", (name) => !Object.keys(LEGS).some((side) => name.endsWith(side)));
    this.#place.replaceChildren(...[...columns, rest].filter(Boolean));
  }

  #column(title, belongs) {
    const rows = this.#rows.filter(({ name }) => belongs(name));
    if (!rows.length) return null;
    const column = element("div");
    column.append(Object.assign(element("h2"), { textContent: title }), ...rows.map(({ button }) => button));
    return column;
  }

  #row(name) {
    const [above, level, one] = ["above", "level", "one"].map((kind) => element("i", kind));
    const bar = element("span", "bar");
    bar.append(above, level, one);
    const label = Object.assign(element("span"), { textContent: name.replace(/_[lr]$/, "") });
    const value = element("span");
    const button = element("button", "muscle");
    button.type = "button";
    button.ariaLabel = name;
    button.append(label, bar, value);
    button.addEventListener("click", () => this.#choose(name));
    return { name, button, above, level, one, value };
  }

  press(name) {
    for (const row of this.#rows) row.button.ariaPressed = String(row.name === name);
  }

  draw(estimate, scale) {
    if (!estimate) return;
    this.#rows.forEach(({ above, level, one, value }, k) => {
      const [y, sigma] = [estimate.emg[k], estimate.sigma[k] ?? 0];
      level.style.transform = `scaleX(${fraction(y / scale)})`;
      above.style.transform = `scaleX(${fraction((y + sigma) / scale)})`;
      one.style.left = `${100 / scale}%`;
      value.textContent = y.toFixed(2);
    });
  }
}

const fraction = (x) => Math.min(Math.max(x, 0), 1);

function element(tag, kind = "") {
  const made = document.createElement(tag);
  if (kind) made.className = kind;
  return made;
}
