/* How large a face of each duration is, in the order of the durations, and how round its frame: the one place for it.
CSS gets it from `apply`. */

const COLUMN_WIDTHS = [15.7, 17.3, 19.2, 21.9, 25.9];   // of the strip, in % of its width
export const STRIP_HEIGHTS = [.5, .6, .7, .84, 1];      // of the strip's faces, the largest is 1
const LIVE_SIZES = [.6, .68, .76, .88, 1];              // of the large face while it grows, the whole frame is 1
export const ROUND = .045;                              // of a frame's side, the radius of its corners

/* Centres of the strip's columns, in % of its width. */
export const COLUMN_CENTRES = COLUMN_WIDTHS.map((width, i) =>
  COLUMN_WIDTHS.slice(0, i).reduce((left, one) => left + one, width / 2));

/* Let the style sheet use the widths of the columns and the frames' corners. */
export function apply(booth) {
  booth.style.setProperty("--strip-columns", COLUMN_WIDTHS.map(width => `${width}fr`).join(" "));
  booth.style.setProperty("--round", `${100 * ROUND}%`);
}

/* The large face's size after so many seconds of a recording: a step at each duration, in proportion between two. */
export function liveSize(seconds, durations) {
  const next = durations.findIndex(duration => seconds <= duration);
  if (next <= 0) return LIVE_SIZES.at(next);   // before the first; or, at -1, after the last
  const from = durations[next - 1], share = (seconds - from) / (durations[next] - from);
  return LIVE_SIZES[next - 1] + (LIVE_SIZES[next] - LIVE_SIZES[next - 1]) * share;
}
