// One muscle over the last ten seconds: estimate, its standard deviation, and the target.

const LEFT = 36; // room for the numbers of the scale [px]

export function drawTrace(canvas, samples, [begin, end], scale, target) {
  const context = fitted(canvas);
  const { clientWidth: width, clientHeight: height } = canvas;
  const style = getComputedStyle(canvas);
  const colour = (name) => style.getPropertyValue(name);
  const x = (t) => LEFT + ((t - begin) / (end - begin)) * (width - LEFT);
  const y = (level) => height - 8 - (Math.min(level, scale) / scale) * (height - 16);
  context.clearRect(0, 0, width, height);
  if (target.isSet()) {
    const [from, to] = target.band();
    context.fillStyle = colour("--target");
    context.fillRect(LEFT, y(to), width - LEFT, y(from) - y(to));
  }
  grid(context, scale, y, width, colour);
  if (samples.length < 2) return;
  context.fillStyle = colour("--doubt");
  context.fill(outline(samples, x, y));
  context.strokeStyle = colour("--muscle");
  context.lineWidth = 2;
  context.stroke(line(samples, x, (s) => y(s.level)));
}

// As many points as the screen has.
function fitted(canvas) {
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight].map((n) => Math.round(n * ratio));
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return context;
}

function grid(context, scale, y, width, colour) {
  context.font = "12px system-ui, sans-serif";
  context.textBaseline = "middle";
  context.lineWidth = 1;
  for (const level of [0, scale / 3, (2 * scale) / 3, scale]) {
    context.strokeStyle = colour("--line");
    context.beginPath();
    context.moveTo(LEFT, y(level));
    context.lineTo(width, y(level));
    context.stroke();
    context.fillStyle = colour("--quiet");
    context.fillText(level.toFixed(1), 0, y(level));
  }
}

function line(samples, x, height) {
  const path = new Path2D();
  for (const sample of samples) path.lineTo(x(sample.t), height(sample));
  return path;
}

function outline(samples, x, y) {
  const path = line(samples, x, (s) => y(s.level + s.sigma));
  for (const s of samples.toReversed()) path.lineTo(x(s.t), y(Math.max(s.level - s.sigma, 0)));
  path.closePath();
  return path;
}
