/* The countdown to forgetting: it runs from the last touch, while there is something to forget and nothing is in progress. */
const EVENTS = ["pointerdown", "keydown", "input", "wheel"];
const SOON = 10;   // seconds before the end, from which on the countdown is larger

export class Idle {
  /* `waiting()` says whether the countdown runs now, `shown()` whether the visitor is to see it; `over` is called at its
  end. 0 seconds: it never runs. */
  constructor(pill, seconds, { waiting, shown, over }) {
    Object.assign(this, { pill, seconds, waiting, shown, over });
    this.touch();
    if (!seconds) return;
    for (const event of EVENTS) addEventListener(event, () => this.touch(), { capture: true, passive: true });
    setInterval(() => this.tick(), 250);
  }

  touch() {
    this.touched = performance.now();
  }

  tick() {
    if (!this.waiting()) this.touch();
    const left = Math.max(0, this.seconds - (performance.now() - this.touched) / 1000);
    const shown = Math.ceil(left);
    this.pill.hidden = !this.waiting() || !this.shown();
    this.pill.classList.toggle("soon", shown <= SOON);
    this.pill.querySelector("b").textContent = `${Math.floor(shown / 60)}:${String(shown % 60).padStart(2, "0")}`;
    this.pill.querySelector(".left").setAttribute("stroke-dasharray", `${100 * left / this.seconds} 100`);
    if (!left) { this.touch(); this.over(); }
  }
}
