/* What goes to the page: faces, and what can go wrong. */

/* A problem of a visitor's; its key names its words. */
export class Problem extends Error {
  constructor(key, seconds) {
    super(key);
    Object.assign(this, { key, seconds });
  }
}

/* A face for the page, which needs no embedding. */
export function told(face) {
  if (!face) return null;
  const { embedding, ...rest } = face;
  return rest;
}
