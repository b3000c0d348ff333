/* How settled a face is: the visitor's own way, in the band and along the curve of other speakers, to a minute of speech. */

const TALL = 62;     // of the drawing, which is 1000 wide
const SHORTEST = .5;  // seconds at its left edge; time runs by ratios
const TICKS = [1, 3, 10, 60];   // seconds

export class Settling {
  constructor(booth, words) {
    Object.assign(this, { words, plot: booth.querySelector("#plot"), dots: booth.querySelector("#dots") });
    this.axis = booth.querySelector("#settled-axis");
    this.help = booth.querySelector("#settledhelp");
  }

  /* settling: as the server gives it, null where the model does not know. */
  show(settling) {
    this.settling = settling;
    this.plot.innerHTML = settling ? this.drawing(settling) : "";
    this.dots.replaceChildren(...(settling?.path ?? []).filter(Boolean).map(point => this.dot(...point)));
    this.label();
  }

  clear() {
    this.show(null);
  }

  label() {
    this.help.textContent = this.words.t(this.settling ? "settledhelp" : "settledunknown");
    for (const dot of this.dots.children) this.name(dot);
    const ticks = this.settling ? TICKS.filter(seconds => seconds <= this.last) : [];
    this.axis.innerHTML = ticks.map(s => `<span style="left:${this.x(s) / 10}%">${s} ${this.words.t("sec")}</span>`).join("");
  }

  drawing({ seconds, curve, path }) {
    const line = column => seconds.map((s, i) => `${this.x(s)} ${this.y(curve[i][column])}`);
    const way = path.filter(Boolean).map(([s, far]) => `${this.x(s)} ${this.y(far)}`);
    return `<path class="band" d="M${[...line(0), ...line(2).reverse()].join("L")}Z"/>` +
      `<path class="goal" d="M${line(1).join("L")}"/>` + (way.length ? `<path class="curve" d="M${way.join("L")}"/>` : "");
  }

  dot(seconds, far) {
    const dot = document.createElement("span");
    Object.assign(dot, { className: "on", seconds, far });
    dot.style.left = `${this.x(seconds) / 10}%`;
    dot.style.top = `${100 * this.y(far) / TALL}%`;
    dot.innerHTML = '<b class="num" aria-hidden="true"></b>';
    dot.setAttribute("role", "img");
    this.name(dot);
    return dot;
  }

  name(dot) {
    const { words } = this, far = words.figure(dot.far);
    dot.firstElementChild.textContent = far;
    dot.setAttribute("aria-label", words.t("settledpoint", { n: words.seconds(dot.seconds), d: far }));
  }

  get last() {
    return this.settling.seconds.at(-1);
  }

  /* 0 to 1000, of seconds of speech. */
  x(seconds) {
    return Math.round(1000 * Math.log(Math.max(seconds, SHORTEST) / SHORTEST) / Math.log(this.last / SHORTEST));
  }

  /* Of a distance; the farthest one in sight is at the top. */
  y(far) {
    const { curve, path } = this.settling;
    const farthest = Math.max(...curve.map(row => row[2]), ...path.filter(Boolean).map(point => point[1]));
    return Math.round(10 * (56 - 50 * far / farthest)) / 10;
  }
}
