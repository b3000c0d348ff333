/* The way from one voice to another, among embeddings, as v2f/pipeline/latent.py goes. */

/* So many unit embeddings at equal angles from the first to the second, both included. */
export function between(first, second, count) {
  const dot = first.reduce((sum, number, i) => sum + number * second[i], 0), angle = Math.acos(Math.max(-1, Math.min(1, dot)));
  const same = Math.sin(angle) < 1e-4;   // or its opposite, to which no way is the shortest
  return Array.from({ length: count }, (_, step) => {
    const share = step / (count - 1), parts = same ? [1 - share, share] : [Math.sin((1 - share) * angle), Math.sin(share * angle)];
    const way = Float64Array.from(first, (number, i) => parts[0] * number + parts[1] * second[i] + (same ? 1e-6 : 0));
    const length = Math.hypot(...way);
    return Float32Array.from(way, number => number / length);
  });
}
