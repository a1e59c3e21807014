// The last ten seconds of every channel, by capture time.

const KEPT_S = 10;
const SCALES = [1.5, 3, 6, 12, 24]; // full scale; 1 is the person's maximum in comfortable walking

export class History {
  names = [];
  newest = null;
  #estimates = [];

  begin(names) {
    this.names = names;
    this.newest = null;
    this.#estimates = [];
  }

  add(estimate) {
    if (this.newest && estimate.t < this.newest.t) this.#estimates = []; // the capture clock was set back
    this.newest = estimate;
    this.#estimates.push(estimate);
    while (this.#estimates[0].t < estimate.t - KEPT_S) this.#estimates.shift();
  }

  // [s, s] from the oldest that is shown to the newest.
  span() {
    const end = this.newest ? this.newest.t : 0;
    return [end - KEPT_S, end];
  }

  of(name) {
    const k = this.names.indexOf(name);
    if (k < 0) return [];
    return this.#estimates.map(({ t, emg, sigma }) => ({ t, level: emg[k], sigma: sigma[k] ?? 0 }));
  }

  // The smallest full scale that everything of the last ten seconds fits into.
  scale() {
    const top = Math.max(...this.#estimates.map(({ emg }) => Math.max(...emg)), 0);
    return SCALES.find((scale) => top <= scale) ?? SCALES.at(-1);
  }
}
