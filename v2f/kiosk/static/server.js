/* Questions to Python. A failure is a Problem, whose key names its words. */

export class Problem extends Error {
  constructor(key, seconds) {
    super(key);
    Object.assign(this, { key, seconds });
  }
}

/* Gradio's server functions and upload, as functions that answer or throw a Problem. */
export class Server {
  constructor(functions, upload) {
    this.functions = functions;
    this.send = upload;
  }

  async ask(name, question = {}) {
    const answer = await this.functions[name](question);   // undefined where the server does not answer
    if (!answer) throw new Problem("offline");
    if (answer.problem) throw new Problem(answer.problem, answer.seconds);
    return answer;
  }

  /* A file's path on the server, where it stays until it is read. */
  async upload(file) {
    if (file.size > 1 << 30) throw new Problem("large");
    if (!file.size) throw new Problem("unreadable");
    try {   // its name is nobody's business
      return (await this.send(new File([file], "recording"))).path;
    } catch {
      throw new Problem("offline");
    }
  }
}
