/* How sure the model is, as v2f/models/uncertainty.py has it: other faces of a voice, and how soon its face settles. */

const SIZE = 64;   // of a place

export class Chances {
  /* Its numbers, as v2f/kiosk/in_browser.py writes them. */
  constructor(numbers) {
    Object.assign(this, numbers);
  }

  /* What the page draws a voice's own way into. */
  get curve() {
    return { seconds: this.seconds, curve: this.settling };
  }

  /* So many places at which the true face of a voice may lie, whose drawn face is at `place`: [count * 64]. */
  draw(place, count) {
    const dot = (one, other) => one.reduce((sum, number, i) => sum + number * other[i], 0);
    const female = 1 / (1 + Math.exp(-dot(this.tells, place) - this.bias)), places = new Float32Array(count * SIZE);
    for (let i = 0; i < count; i++) {
      const middle = this.middles[Number(Math.random() >= female)], looks = this.spread.map(normal);
      for (let j = 0; j < SIZE; j++)
        places[i * SIZE + j] = middle[j] + dot(place, this.expected.map(row => row[j])) + dot(looks, this.spread.map(row => row[j]));
    }
    return places;
  }

  /* How far each of one voice's faces, at `places` [n * 64], probably is from that after a minute; the last one is of so
  many seconds of speech. */
  path(places, seconds) {
    const last = places.subarray(-SIZE), usual = this.usual(seconds);
    return Array.from({ length: places.length / SIZE }, (_, i) => {
      const way = last.reduce((sum, number, j) => sum + (number - places[i * SIZE + j]) ** 2, 0);
      return Math.hypot(Math.sqrt(way) / this.apart, usual);
    });
  }

  /* How far the face after so many seconds usually is from that after a minute. */
  usual(seconds) {
    const { seconds: known, settling } = this, next = known.findIndex(one => one >= seconds);
    if (next <= 0) return settling.at(next)[1];
    const share = Math.log(seconds / known[next - 1]) / Math.log(known[next] / known[next - 1]);
    return settling[next - 1][1] + share * (settling[next][1] - settling[next - 1][1]);
  }
}

/* A number from the normal distribution (Box and Muller). */
function normal() {
  return Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
}
