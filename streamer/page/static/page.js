// A session in the browser: events in, bars and one muscle's trace out.

import { Bars } from "./bars.js";
import { History } from "./history.js";
import { Target } from "./target.js";
import { drawTrace } from "./trace.js";

const SILENT_AFTER_MS = 1000;
const GONE_AFTER_MS = 3000; // a session tells its health once a second
const UNHEARD_AFTER_MS = 5000; // the page's own server says something every second

// What each flag means to somebody who watches; the first that is set is shown.
const FLAGS = {
  HOLD: ["bad", "markers lost: the last pose is held"],
  REFINER_SKIPPED: ["bad", "no new estimate: the last one decays"],
  WARMING_UP: ["bad", "warming up"],
  LATE: ["bad", "late"],
  IK_UNCONVERGED: ["bad", "the model does not fit the markers"],
  FORCE_STALE: ["fair", "forces wrong, late or missing"],
  GAP: ["fair", "markers missing"],
  GRF_PREDICTED: ["fair", "ground force predicted, not measured"],
  SO_SATURATED: ["fair", "a muscle of the model is at its limit"],
  PATH_EXTRAPOLATED: ["fair", "pose beyond the model's range"],
};

const at = (id) => document.getElementById(id);
const history = new History();
const target = new Target(at("target"), at("from"), at("to"), remember);
const bars = new Bars(at("legs"), choose);
let chosen = recall();
let heard = -Infinity;
let told = -Infinity;
let answered;
let framesCome = false;
const flagsSeen = new Map();

function choose(name) {
  chosen = name;
  at("chosen").textContent = name;
  bars.press(name);
  remember();
}

// The choice is part of the address, so that a bookmark brings it back.
function remember() {
  const kept = new URLSearchParams({ muscle: chosen, ...target.fields() });
  window.history.replaceState(null, "", `#${kept}`);
}

function recall() {
  const kept = new URLSearchParams(location.hash.slice(1));
  target.set(kept.get("from"), kept.get("to"));
  return kept.get("muscle") ?? "";
}

function begin(session) {
  at("model").textContent = session.model || "NEM2E-RT";
  at("subject").textContent = session.subject ? `calibrated to ${session.subject}` : "not calibrated";
  at("doubts").textContent = "";
  history.begin(session.channels);
  bars.begin(session.channels);
  choose(session.channels.includes(chosen) ? chosen : session.channels[0] ?? "");
}

function tellHealth(health) {
  told = performance.now();
  framesCome = health.rate_in_hz > 0;
  at("health").textContent =
    `${health.rate_in_hz.toFixed(0)} Hz in, ${health.rate_out_hz.toFixed(0)} Hz out · ` +
    `99 % within ${health.p99_ms.toFixed(1)} ms · on time ${health.on_time_percent.toFixed(2)} %`;
  at("doubts").textContent = health.doubts.join("\n");
}

function take(estimate) {
  heard = performance.now();
  if (estimate.emg.length !== history.names.length) return; // its names are on their way
  for (const flag of estimate.flags) flagsSeen.set(flag, heard);
  history.add(estimate);
  tellState(estimate.activity_age_ms);
}

// Flags of the last second, so that one that comes and goes can be read.
function tellState(ageMs) {
  const recent = [...flagsSeen].filter(([, when]) => heard - when < 1000).map(([flag]) => flag);
  const worst = Object.keys(FLAGS).find((flag) => recent.includes(flag));
  const [grade, words] = worst ? FLAGS[worst] : recent.length ? ["fair", recent.join(", ")] : ["good", "good"];
  show(grade, `${words} · ${ageMs.toFixed(0)} ms old`);
}

function show(grade, words) {
  at("state").className = grade;
  at("state").textContent = words;
  document.body.classList.toggle("unsure", grade === "bad" || grade === "waiting");
}

function silence() {
  if (source.readyState !== EventSource.OPEN) return "no estimates: is `nem2e page` running?";
  if (performance.now() - told > GONE_AFTER_MS) return "no estimates: is `nem2e run` running?";
  return framesCome ? "the session runs, no estimates come" : "the session runs, no markers come";
}

// A browser does not miss a server whose machine died: it has nothing to send.
function listen() {
  answered = performance.now();
  const source = new EventSource("events");
  for (const [kind, act] of Object.entries({ session: begin, health: tellHealth, message: take, here() {} })) {
    source.addEventListener(kind, (e) => {
      answered = performance.now();
      act(JSON.parse(e.data));
    });
  }
  return source;
}

function draw() {
  requestAnimationFrame(draw);
  if (performance.now() - answered > UNHEARD_AFTER_MS) {
    source.close();
    source = listen();
  }
  if (performance.now() - heard > SILENT_AFTER_MS) show("waiting", silence());
  if (!history.names.length) return;
  const scale = history.scale();
  bars.draw(history.newest, scale);
  const samples = history.of(chosen);
  drawTrace(at("trace"), samples, history.span(), scale, target);
  const now = samples.at(-1);
  at("value").textContent = now ? now.level.toFixed(2) : "–";
  at("reading").classList.toggle("inside", Boolean(now) && target.holds(now.level));
  at("hit").textContent = target.isSet() ? `${target.percent(samples)} % of the last ten seconds on target` : "";
}

let source = listen();
draw();
