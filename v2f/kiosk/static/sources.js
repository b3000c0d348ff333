/* Where sound comes from: the browser's microphone, an example that is played aloud, or the booth's own microphone.

A source is opened with `source.open()`, which may throw a Problem, and gives blocks of Float32Array at 16 kHz to
`source.heard` until its seconds are full or `stop()` is called; `source.ended(problem or undefined)` comes last, once. */
import { Problem } from "./server.js";

export const RATE = 16000;
const CHOICE = "v2f-microphone";   // the microphone chosen last; all that this page keeps in the browser

class Source {
  constructor(seconds) {
    this.room = Math.round(seconds * RATE);
    this.heard = () => {};
    this.ended = () => {};
  }

  /* Samples that still fit are handed on; the last one ends the source. */
  take(block) {
    if (!this.room) return;
    const part = block.length > this.room ? block.subarray(0, this.room) : block;
    this.room -= part.length;
    this.heard(part);
    if (!this.room) this.close();
  }

  stop() {
    this.room = 0;
    this.close();
  }

  close(problem) {
    if (this.closed) return;
    this.closed = true;
    this.room = 0;
    this.release();
    this.ended(problem);
  }

  release() {}
}

/* A source whose sound runs through an AudioWorklet. */
class Worklet extends Source {
  async listen(connect) {
    this.context = new AudioContext({ sampleRate: RATE });
    try {
      await this.context.audioWorklet.addModule(new URL("listener.js", import.meta.url));
      const listener = new AudioWorkletNode(this.context, "listener",
        { numberOfOutputs: 0, channelCount: 1, channelCountMode: "explicit" });
      listener.port.onmessage = ({ data }) => this.take(data);
      await connect(this.context, listener);
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

export class Microphone extends Worklet {
  /* Whether this browser can hand us sound while it is spoken. */
  static get works() {
    return "AudioWorkletNode" in window;
  }

  async open() {
    this.stream = await askForMicrophone();
    const [track] = this.stream.getAudioTracks();
    track.onended = () => this.close(new Problem("mic_lost"));
    await this.listen((context, listener) => context.createMediaStreamSource(this.stream).connect(listener));
  }

  release() {
    this.stream?.getTracks().forEach(track => { track.onended = null; track.stop(); });
    super.release();
  }
}

export class Example extends Worklet {
  constructor(seconds, address) {
    super(seconds);
    this.address = address;
  }

  async open() {
    await this.listen(async (context, listener) => {
      const sound = await context.decodeAudioData(await (await fetch(this.address)).arrayBuffer());
      const player = new AudioBufferSourceNode(context, { buffer: sound });
      player.onended = () => this.close();
      player.connect(listener);
      player.connect(context.destination);
      player.start();
    });
  }
}

/* The booth's own microphone: the server records, and `heard` is fed with what its answers bring. */
export class BoothMicrophone extends Source {
  async open() {}
}

async function askForMicrophone() {
  if (!navigator.mediaDevices?.getUserMedia) throw new Problem(isSecureContext ? "nomic" : "insecure");
  const plain = { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  const remembered = localStorage.getItem(CHOICE);
  try {
    return await navigator.mediaDevices.getUserMedia({ audio: { ...plain, deviceId: remembered ?? undefined } });
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
