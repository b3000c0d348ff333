/* Where sound comes from: the browser's microphone, an example that is played aloud, or the server machine's microphone.

A source is opened with `source.open()`, which may throw a Problem, and gives blocks of Float32Array at 16 kHz to
`source.onBlock` until its seconds are full or `stop()` is called; `source.onEnd(problem or undefined)` comes last, once. */
import { Problem } from "./server.js";

export const RATE = 16000;
const CHOICE = "v2f-microphone";   // of the microphone; all that this page keeps in the browser

class Source {
  constructor(seconds) {
    this.samplesLeft = Math.round(seconds * RATE);
    this.onBlock = () => {};
    this.onEnd = () => {};
  }

  /* Hand on the samples that still fit; the last one ends the source. */
  take(block) {
    if (!this.samplesLeft) return;
    const part = block.length > this.samplesLeft ? block.subarray(0, this.samplesLeft) : block;
    this.samplesLeft -= part.length;
    this.onBlock(part);
    if (!this.samplesLeft) this.close();
  }

  stop() {
    this.samplesLeft = 0;
    this.close();
  }

  close(problem) {
    if (this.closed) return;
    this.closed = true;
    this.samplesLeft = 0;
    this.release();
    this.onEnd(problem);
  }

  release() {}
}

/* A source whose sound runs through an AudioWorklet. */
class WorkletSource extends Source {
  async capture(connect) {
    this.context = new AudioContext({ sampleRate: RATE });
    try {
      await this.context.audioWorklet.addModule(new URL("capture-worklet.js", import.meta.url));
      const node = new AudioWorkletNode(this.context, "capture",
        { numberOfOutputs: 0, channelCount: 1, channelCountMode: "explicit" });
      node.port.onmessage = ({ data }) => this.take(data);
      await connect(this.context, node);
      await this.context.resume();
    } catch (error) {
      this.closed = true;
      this.release();
      throw error;
    }
  }

  release() {
    this.context?.close();
    this.context = null;
  }
}

export class Microphone extends WorkletSource {
  /* Whether this browser gives sound to the page while it is recorded. */
  static get supported() {
    return "AudioWorkletNode" in window;
  }

  async open() {
    this.stream = await openMicrophone();
    const [track] = this.stream.getAudioTracks();
    track.onended = () => this.close(new Problem("mic_lost"));
    await this.capture((context, node) => context.createMediaStreamSource(this.stream).connect(node));
  }

  release() {
    this.stream?.getTracks().forEach(track => { track.onended = null; track.stop(); });
    super.release();
  }
}

export class Example extends WorkletSource {
  constructor(seconds, address) {
    super(seconds);
    this.address = address;
  }

  async open() {
    await this.capture(async (context, node) => {
      const sound = await context.decodeAudioData(await (await fetch(this.address)).arrayBuffer());
      const player = new AudioBufferSourceNode(context, { buffer: sound });
      player.onended = () => this.close();
      player.connect(node);
      player.connect(context.destination);
      player.start();
    });
  }
}

/* The server machine's microphone: the server records, and a SamplePoller brings what there is. */
export class LocalMicrophone extends Source {
  async open() {}
}

/* The microphone that visitors speak into. */
export const microphone = (local, seconds) => local ? new LocalMicrophone(seconds) : new Microphone(seconds);

/* The stream of the microphone that was chosen, unprocessed. Throws a Problem. */
export async function openMicrophone() {
  if (!navigator.mediaDevices?.getUserMedia) throw new Problem(isSecureContext ? "nomic" : "insecure");
  const unprocessed = { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  const remembered = localStorage.getItem(CHOICE);
  try {
    return await navigator.mediaDevices.getUserMedia({ audio: { ...unprocessed, deviceId: remembered ?? undefined } });
  } catch (error) {
    if (error.name === "NotAllowedError") throw new Problem("permission");
    if (error.name === "NotFoundError") throw new Problem("nomic");
    throw new Problem("mic_lost");
  }
}

/* The menu of microphones, filled as far as the browser tells their names; it remembers its choice. */
export class MicrophoneMenu {
  constructor(select, words) {
    this.select = select;
    this.words = words;
    select.onchange = () => localStorage.setItem(CHOICE, select.value);
    navigator.mediaDevices?.addEventListener?.("devicechange", () => this.fill());
  }

  async fill(none = false) {
    const devices = await navigator.mediaDevices?.enumerateDevices?.().catch(() => []) ?? [];
    const microphones = devices.filter(device => device.kind === "audioinput" && device.deviceId);
    const options = microphones.map((device, i) =>
      new Option(device.label || this.words.t("micnumber", { n: i + 1 }), device.deviceId));
    if (!options.length) options.push(new Option(this.words.t(none ? "micnone" : "micdefault"), ""));
    this.select.replaceChildren(...options);
    const remembered = localStorage.getItem(CHOICE);
    if (microphones.some(device => device.deviceId === remembered)) this.select.value = remembered;
  }
}
