/* A face of few pixels on a large screen: sharpened a little at its own size, then enlarged by a bicubic filter. The same
for every face, so that faces differ by what the model drew alone. */

const ENLARGED = 4;   // pixels of an enlarged picture for each of its own, along a side, at most
const SHARPENED = .7;   // of the difference from the blurred picture that is added

/* Draw the whole picture, an ImageBitmap or an image that is decoded, onto a canvas, of whose side so many pixels are
shown. */
export function enlarge(picture, canvas, shown = Infinity) {
  const side = picture.width * Math.min(ENLARGED, Math.ceil(shown / picture.width)), pen = canvas.getContext("2d");
  if (canvas.width !== side) canvas.width = canvas.height = side;
  pen.imageSmoothingQuality = "high";
  pen.drawImage(sharpened(picture), 0, 0, side, side);
}

/* The picture with an unsharp mask, as a canvas of the same size. */
function sharpened(picture) {
  const { width, height } = picture, canvas = Object.assign(document.createElement("canvas"), { width, height });
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  pen.drawImage(picture, 0, 0);
  const image = pen.getImageData(0, 0, width, height), { data } = image, original = data.slice();
  const row = 4 * width;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const up = y ? -row : 0, down = y < height - 1 ? row : 0, left = x ? -4 : 0, right = x < width - 1 ? 4 : 0;
      for (let at = y * row + 4 * x, end = at + 3; at < end; at++) {
        const beside = original[at + up] + original[at + down] + original[at + left] + original[at + right];
        const across = original[at + up + left] + original[at + up + right] + original[at + down + left] + original[at + down + right];
        const blurred = (4 * original[at] + 2 * beside + across) / 16;
        data[at] = original[at] + SHARPENED * (original[at] - blurred);
      }
    }
  pen.putImageData(image, 0, 0);
  return canvas;
}
