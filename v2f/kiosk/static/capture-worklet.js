/* Runs in the audio thread: hands its input on in blocks of 20 ms, mono, at the context's 16 kHz. */
const BLOCK = 320;

registerProcessor("capture", class extends AudioWorkletProcessor {
  constructor() {
    super();
    this.block = new Float32Array(BLOCK);
    this.filled = 0;
  }

  process([[samples]]) {
    for (let start = 0; samples && start < samples.length;) {
      const part = samples.subarray(start, start + BLOCK - this.filled);
      this.block.set(part, this.filled);
      this.filled += part.length;
      start += part.length;
      if (this.filled === BLOCK) {
        this.port.postMessage(this.block);
        this.filled = 0;
      }
    }
    return true;
  }
});
