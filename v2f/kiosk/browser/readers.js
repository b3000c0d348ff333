/* The recordings of readers for the game "Find my voice": decoded here once it is played, since only a page can. */
import { readFile } from "./read-file.js";

export class Readers {
  /* names: of the readers, whose clips lie in readers/. */
  constructor(engine, names) {
    Object.assign(this, { engine, names });
  }

  /* The game's question, once the engine has the clips. */
  async find(question) {
    this.brought ??= this.bring();
    await this.brought;
    return this.engine.ask("find_voice", question);
  }

  async bring() {
    const clip = async (name, part) => readFile(await (await fetch(`readers/${name}-${part}.opus`)).blob());
    const readers = this.names.map(async name => ({ face: await clip(name, "face"), voice: await clip(name, "voice") }));
    await this.engine.ask("bring_readers", { readers: await Promise.all(readers) });
  }
}
