/* What "Save" gives: one PNG with the faces, their durations, the date, and what they are. Drawn here, kept nowhere. */
import { put } from "./portraits.js";
import { COLUMN_CENTRES, ROUND, STRIP_HEIGHTS } from "./proportions.js";

const WIDTH = 1600, PAD = 64, HEAD = 170, FOOT = 90;   // pixels
const TALLEST = 290;                                   // of the largest face

/* rows: [{ name, colour, faces: [5 of face or null] }]; resolves to a Blob. */
export async function contactSheet({ rows, durations, words, style }) {
  const height = HEAD + rows.length * (TALLEST + 130) + FOOT;
  const canvas = Object.assign(document.createElement("canvas"), { width: WIDTH, height });
  const pen = canvas.getContext("2d"), colour = name => style.getPropertyValue(name).trim();
  const display = colour("--display"), text = colour("--text");
  const write = (words, x, y, font, fill, align = "left") => {
    Object.assign(pen, { font, fillStyle: fill, textAlign: align });
    pen.fillText(words, x, y);
  };
  await document.fonts.ready;
  pen.fillStyle = colour("--wall");
  pen.fillRect(0, 0, WIDTH, height);
  write("v2f", PAD, 96, `56px ${display}`, colour("--ink"));
  write(words.t("tagline"), PAD + 110, 94, `30px ${text}`, colour("--ink-2"));
  const date = new Date().toLocaleDateString(words.tag, { dateStyle: "long" });
  write(date, WIDTH - PAD, 94, `26px ${text}`, colour("--ink-2"), "right");
  pen.imageSmoothingQuality = "high";
  for (const [index, row] of rows.entries()) {
    const bottom = HEAD + index * (TALLEST + 130) + TALLEST + 50;
    write(row.name, PAD, bottom - TALLEST - 18, `600 28px ${text}`, colour("--ink"));
    for (const [i, face] of row.faces.entries()) {
      const middle = PAD + (WIDTH - 2 * PAD) * COLUMN_CENTRES[i] / 100, tall = TALLEST * STRIP_HEIGHTS[i];
      await framed(pen, face, middle, bottom - tall / 2, tall, colour(face ? row.colour : "--ring"));
      write(`${durations[i]} ${words.t("sec")}`, middle, bottom + 36, `600 24px ${text}`, colour("--ink"), "center");
    }
  }
  write(words.t("sheetline"), PAD, height - 44, `26px ${text}`, colour("--ink"));
  return new Promise(resolve => canvas.toBlob(resolve, "image/png"));
}

async function framed(pen, face, x, y, side, rim) {
  pen.save();
  pen.beginPath();
  pen.roundRect(x - side / 2, y - side / 2, side, side, ROUND * side);
  if (face) {
    const frame = document.createElement("span");
    await put(frame, face);
    pen.clip();
    pen.drawImage(frame.firstElementChild, x - side / 2, y - side / 2, side, side);
  }
  pen.strokeStyle = rim;
  pen.lineWidth = 3;
  pen.stroke();
  pen.restore();
}

/* Hand a file to the visitor. */
export function download(blob, name) {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
