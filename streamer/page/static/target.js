// A band of activity to aim at; an empty end is open.

export class Target {
  #from;
  #to;

  constructor(form, from, to, changed) {
    this.#from = from;
    this.#to = to;
    form.addEventListener("input", changed);
    form.addEventListener("reset", () => queueMicrotask(changed)); // after the fields are empty
    form.addEventListener("submit", (event) => event.preventDefault());
  }

  set(from, to) {
    this.#from.value = from ?? "";
    this.#to.value = to ?? "";
  }

  // What a bookmark keeps.
  fields() {
    return { from: this.#from.value, to: this.#to.value };
  }

  isSet() {
    return this.#from.value !== "" || this.#to.value !== "";
  }

  band() {
    const end = (input, open) => (input.value === "" ? open : input.valueAsNumber);
    return [end(this.#from, 0), end(this.#to, Infinity)];
  }

  holds(level) {
    const [from, to] = this.band();
    return this.isSet() && level >= from && level <= to;
  }

  percent(samples) {
    const hits = samples.filter(({ level }) => this.holds(level)).length;
    return samples.length ? Math.round((100 * hits) / samples.length) : 0;
  }
}
