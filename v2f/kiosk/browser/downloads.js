/* Files of the model as they arrive, with how much of all of them there is. What ends in "z" is packed by gzip. */

export class Downloads {
  /* sizes: bytes by path, of all that may be fetched; `arrived(there, wanted)` in bytes, while they come. */
  constructor(sizes, arrived) {
    Object.assign(this, { sizes, arrived, wanted: 0, there: 0 });
  }

  /* These will be fetched. */
  expect(paths) {
    for (const path of paths) this.wanted += this.sizes[path];
  }

  /* An ArrayBuffer of what the file holds, unpacked. */
  async fetch(path) {
    const response = await fetch(new URL(`../${path}`, import.meta.url));
    if (!response.ok) throw new Error(`${path}: ${response.status}`);
    const counted = response.body.pipeThrough(new TransformStream({ transform: (piece, next) => { this.count(piece.length); next.enqueue(piece); } }));
    return new Response(path.endsWith("z") ? counted.pipeThrough(new DecompressionStream("gzip")) : counted).arrayBuffer();
  }

  count(bytes) {
    this.there += bytes;
    this.arrived(this.there, this.wanted);
  }
}
