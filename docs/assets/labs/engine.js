// The whole engine that runs Yuanliu's models in the page. Read it: it is all there is.
//
// A tensor is {shape, data}, its data a Float32Array in row-major order. Weights come from a
// safetensors file in half precision; arithmetic is in single precision. Names and layouts of
// weights are PyTorch's, and tests/test_live.py compares every operation here with PyTorch's.

export const tensor = (shape, data) => ({ shape, data: data ?? new Float32Array(shape.reduce((a, b) => a * b, 1)) });

// Loading: 8 bytes of length, a JSON header with each tensor's type, shape and place, the numbers.

export async function load(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${answer.status} ${url}`);
  return read(await answer.arrayBuffer());
}

export function read(buffer) {
  const length = Number(new DataView(buffer).getBigUint64(0, true));
  const { __metadata__: metadata, ...tensors } = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, length)));
  const weights = { facts: JSON.parse(metadata.facts) };
  for (const [name, { dtype, shape, data_offsets: [from, to] }] of Object.entries(tensors)) {
    const bytes = buffer.slice(8 + length + from, 8 + length + to);
    const data = dtype === "F16" ? Float32Array.from(new Uint16Array(bytes), half) : Float32Array.from(new Int32Array(bytes));
    weights[name] = tensor(shape, data);
  }
  return weights;
}

function half(bits) { // sign, 5 bits of exponent, 10 of fraction
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -14 * (fraction / 1024));
}

// The weights under a prefix, by their own names: part(weights, "lenet.")["c1.weight"].
export function part(weights, prefix) {
  const inside = Object.entries(weights).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(inside.map(([name, value]) => [name.slice(prefix.length), value]));
}

// Element by element.

export const map = (x, f) => tensor(x.shape, x.data.map(f));
export const add = (x, y) => tensor(x.shape, x.data.map((value, i) => value + y.data[i]));
export const tanh = (x) => map(x, Math.tanh);
export const relu = (x) => map(x, (a) => Math.max(a, 0));
export const sigmoid = (x) => map(x, (a) => 1 / (1 + Math.exp(-a)));
export const gelu = (x) => map(x, (a) => 0.5 * a * (1 + erf(a / Math.SQRT2)));

function erf(x) { // Abramowitz and Stegun 7.1.26, wrong by 1.5e-7 at most
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return Math.sign(x) * (1 - series * Math.exp(-x * x));
}

// Rows: x is (..., in), w is (out, in), b is (out); the result is (..., out).

export function linear(x, w, b) {
  const [out, inputs] = w.shape;
  const y = tensor([...x.shape.slice(0, -1), out]);
  for (let row = 0; row < x.data.length / inputs; row++) {
    for (let o = 0; o < out; o++) {
      let sum = b ? b.data[o] : 0;
      for (let i = 0; i < inputs; i++) sum += x.data[row * inputs + i] * w.data[o * inputs + i];
      y.data[row * out + o] = sum;
    }
  }
  return y;
}

export function embedding(ids, w) { // ids (N) to (N, width)
  const width = w.shape[1];
  const y = tensor([ids.length, width]);
  ids.forEach((id, row) => y.data.set(w.data.subarray(id * width, (id + 1) * width), row * width));
  return y;
}

export function layerNorm(x, w, b, eps = 1e-5) {
  return rows(x, (row) => {
    const mean = row.reduce((a, c) => a + c, 0) / row.length;
    const variance = row.reduce((a, c) => a + (c - mean) ** 2, 0) / row.length;
    const scale = 1 / Math.sqrt(variance + eps);
    return row.map((value, i) => (value - mean) * scale * w.data[i] + b.data[i]);
  });
}

export function softmax(x, temperature = 1) {
  return rows(x, (row) => {
    const top = row.reduce((a, c) => Math.max(a, c), -Infinity);
    const powers = row.map((value) => Math.exp((value - top) / temperature));
    const sum = powers.reduce((a, c) => a + c, 0);
    return powers.map((value) => value / sum);
  });
}

export function batchNorm(x, w, b, mean, variance, eps = 1e-5) { // with the statistics of training
  return rows(x, (row) => row.map((value, i) =>
    ((value - mean.data[i]) / Math.sqrt(variance.data[i] + eps)) * w.data[i] + b.data[i]));
}

function rows(x, f) {
  const width = x.shape.at(-1);
  const y = tensor(x.shape);
  for (let at = 0; at < x.data.length; at += width) y.data.set(f(x.data.subarray(at, at + width)), at);
  return y;
}

// Images: x is (channels, height, width).

export function conv2d(x, w, b, padding = 0) { // w (out, channels, k, k)
  const [channels, height, width] = x.shape;
  const [out, , k] = w.shape;
  const [h, v] = [height + 2 * padding - k + 1, width + 2 * padding - k + 1];
  const y = tensor([out, h, v]);
  for (let o = 0; o < out; o++) for (let i = 0; i < h; i++) for (let j = 0; j < v; j++) {
    let sum = b ? b.data[o] : 0;
    for (let c = 0; c < channels; c++) for (let di = 0; di < k; di++) for (let dj = 0; dj < k; dj++) {
      const [row, column] = [i + di - padding, j + dj - padding];
      if (row < 0 || column < 0 || row >= height || column >= width) continue;
      sum += x.data[(c * height + row) * width + column] * w.data[((o * channels + c) * k + di) * k + dj];
    }
    y.data[(o * h + i) * v + j] = sum;
  }
  return y;
}

export const avgPool = (x, size) => pool(x, size, (values) => values.reduce((a, b) => a + b, 0) / values.length);
export const maxPool = (x, size) => pool(x, size, (values) => Math.max(...values));

function pool(x, size, f) {
  const [channels, height, width] = x.shape;
  const [h, v] = [Math.floor(height / size), Math.floor(width / size)];
  const y = tensor([channels, h, v]);
  const values = new Float32Array(size * size);
  for (let c = 0; c < channels; c++) for (let i = 0; i < h; i++) for (let j = 0; j < v; j++) {
    for (let n = 0; n < values.length; n++) {
      const [row, column] = [i * size + Math.floor(n / size), j * size + (n % size)];
      values[n] = x.data[(c * height + row) * width + column];
    }
    y.data[(c * h + i) * v + j] = f(values);
  }
  return y;
}

// Recurrent cells, one step: x (1, in); weights named as in nn.LSTM and nn.GRU.

export function lstmStep(x, [h, c], w, layer = 0) {
  const gates = add(
    linear(x, w[`weight_ih_l${layer}`], w[`bias_ih_l${layer}`]),
    linear(h, w[`weight_hh_l${layer}`], w[`bias_hh_l${layer}`]),
  );
  const [i, f, g, o] = split(gates, 4); // input, forget, cell, output
  const cell = c.data.map((old, n) => logistic(f[n]) * old + logistic(i[n]) * Math.tanh(g[n]));
  return [tensor(h.shape, cell.map((value, n) => logistic(o[n]) * Math.tanh(value))), tensor(c.shape, cell)];
}

export function gruStep(x, h, w, layer = 0) {
  const [xr, xz, xn] = split(linear(x, w[`weight_ih_l${layer}`], w[`bias_ih_l${layer}`]), 3);
  const [hr, hz, hn] = split(linear(h, w[`weight_hh_l${layer}`], w[`bias_hh_l${layer}`]), 3); // reset, update, new
  return tensor(h.shape, h.data.map((old, i) => {
    const z = logistic(xz[i] + hz[i]);
    return (1 - z) * Math.tanh(xn[i] + logistic(xr[i] + hr[i]) * hn[i]) + z * old;
  }));
}

const logistic = (a) => 1 / (1 + Math.exp(-a));

function split(x, parts) {
  const width = x.data.length / parts;
  return Array.from({ length: parts }, (_, n) => x.data.subarray(n * width, (n + 1) * width));
}

// Attention: q (T, width), k and v (S, width), cut into heads. With causal, the last query sees
// all keys and each one before it a key less, so that keys and values can be kept between calls.
// Returns the result (T, width) and what each head looked at (heads, T, S).

export function attention(q, k, v, heads, causal = false) {
  const [T, width] = q.shape;
  const S = k.shape[0];
  const size = width / heads;
  const y = tensor([T, width]);
  const looks = tensor([heads, T, S]);
  for (let head = 0; head < heads; head++) for (let t = 0; t < T; t++) {
    const seen = causal ? S - T + t + 1 : S;
    const scores = tensor([1, seen]);
    for (let s = 0; s < seen; s++) {
      for (let i = head * size; i < (head + 1) * size; i++) scores.data[s] += q.data[t * width + i] * k.data[s * width + i];
      scores.data[s] /= Math.sqrt(size);
    }
    const look = softmax(scores).data;
    looks.data.set(look, (head * T + t) * S);
    for (let s = 0; s < seen; s++) {
      for (let i = head * size; i < (head + 1) * size; i++) y.data[t * width + i] += look[s] * v.data[s * width + i];
    }
  }
  return [y, looks];
}

// The two halves of a Transformer block on x (T, width), each added to its input. Weights b are
// named as in the snippets. kept = {k, v} holds what came before and grows, so that a new token
// costs one row. The first half also returns what each head looked at.

export function selfAttention(x, b, heads, causal = false, kept = {}) {
  const width = x.shape[1];
  const qkv = linear(layerNorm(x, b["norm1.weight"], b["norm1.bias"]), b["qkv.weight"], b["qkv.bias"]);
  const [q, k, v] = [0, 1, 2].map((n) => columns(qkv, n * width, (n + 1) * width));
  Object.assign(kept, kept.k ? { k: concat(kept.k, k), v: concat(kept.v, v) } : { k, v });
  const [seen, looks] = attention(q, kept.k, kept.v, heads, causal);
  return [add(x, linear(seen, b["out.weight"], b["out.bias"])), looks];
}

export function feedForward(x, b, up = "up", down = "down") {
  const normed = layerNorm(x, b["norm2.weight"], b["norm2.bias"]);
  const inner = gelu(linear(normed, b[`${up}.weight`], b[`${up}.bias`]));
  return add(x, linear(inner, b[`${down}.weight`], b[`${down}.bias`]));
}

export function concat(x, y) { // below one another: (N, width) and (M, width) to (N + M, width)
  const data = new Float32Array(x.data.length + y.data.length);
  data.set(x.data);
  data.set(y.data, x.data.length);
  return tensor([x.shape[0] + y.shape[0], x.shape[1]], data);
}

export function columns(x, from, to) { // (N, width) to (N, to - from)
  const [N, width] = x.shape;
  const y = tensor([N, to - from]);
  for (let row = 0; row < N; row++) y.data.set(x.data.subarray(row * width + from, row * width + to), row * (to - from));
  return y;
}

export const row = (x, at) => tensor([1, x.shape.at(-1)], x.data.subarray(at * x.shape.at(-1), (at + 1) * x.shape.at(-1)));

// Choosing: the place of the largest, or one drawn by its probability.

export const argmax = (x) => x.data.indexOf(x.data.reduce((a, b) => Math.max(a, b), -Infinity));

export function sample(probabilities, random = Math.random()) {
  let left = random;
  for (const [place, p] of probabilities.data.entries()) {
    left -= p;
    if (left < 0) return place;
  }
  return argmax(probabilities);
}
