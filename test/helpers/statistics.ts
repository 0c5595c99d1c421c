/** The chance of a chi-square at least this large by luck alone: near 0 is biased, near 1 is too even to be random. */
export function chiSquareP(counts: readonly number[]): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const expected = total / counts.length;
  const chi = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  return upperGamma((counts.length - 1) / 2, chi / 2);
}

/** The regularised upper incomplete gamma function Q(a, x), by its series or its continued fraction. */
function upperGamma(a: number, x: number): number {
  if (x <= 0) return 1;
  const scale = Math.exp(-x + a * Math.log(x) - logGamma(a));
  if (x < a + 1) {
    let term = 1 / a;
    let sum = term;
    for (let n = a + 1; Math.abs(term) > sum * 1e-14; n += 1) {
      term *= x / n;
      sum += term;
    }
    return 1 - sum * scale;
  }
  let b = x + 1 - a;
  let c = 1e300;
  let d = 1 / b;
  let h = d;
  for (let n = 1; n < 1_000; n += 1) {
    const an = -n * (n - a);
    b += 2;
    d = 1 / (an * d + b);
    c = b + an / c;
    h *= d * c;
    if (Math.abs(d * c - 1) < 1e-14) break;
  }
  return scale * h;
}

/** Of a multiple of one half, which is all that a chi-square asks for: by its recurrence, from 1 or from 1/2. */
function logGamma(x: number): number {
  let sum = x % 1 === 0 ? 0 : Math.log(Math.PI) / 2;
  for (let below = x - 1; below > 0; below -= 1) sum += Math.log(below);
  return sum;
}

/** Welch's t between two samples: beyond 4.5 they differ by more than chance (dudect's threshold). */
export function welchT(left: readonly number[], right: readonly number[]): number {
  const [a, b] = [moments(left), moments(right)];
  return (a.mean - b.mean) / Math.sqrt(a.variance / left.length + b.variance / right.length);
}

function moments(sample: readonly number[]): { mean: number; variance: number } {
  const mean = sample.reduce((sum, value) => sum + value, 0) / sample.length;
  const variance = sample.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (sample.length - 1);
  return { mean, variance };
}

/**
 * Times one call on two inputs in random order and compares them as dudect does: what was interrupted (the slowest tenth
 * of all samples) is cut off at one line for both, and what is left is put to Welch's t-test.
 */
export function timingT(call: (input: string) => unknown, inputs: readonly [string, string], samples: number): number {
  const times: [number[], number[]] = [[], []];
  const order = new Uint8Array(samples * 2).map(() => (Math.random() < 0.5 ? 0 : 1));
  for (const which of order) {
    const input = inputs[which as 0 | 1];
    const start = process.hrtime.bigint();
    for (let repeat = 0; repeat < 4; repeat += 1) call(input);
    times[which as 0 | 1].push(Number(process.hrtime.bigint() - start));
  }
  const sorted = [...times[0], ...times[1]].sort((a, b) => a - b);
  const line = sorted[Math.floor(sorted.length * 0.9)] ?? Number.POSITIVE_INFINITY;
  return welchT(
    times[0].filter((time) => time < line),
    times[1].filter((time) => time < line),
  );
}
