// Draws the letters of which the server sets the pictures of pages (`server/src/http/pictures`): each letter of the console's font
// in the sizes that a picture has, as Chromium rasters it, and the product's mark. What they are of changes hardly ever, so that
// they stand in the repository.
//
//   cd end2end && node support/letters.js        writes ../server/src/http/pictures/letters.json and letters.bin
import { readFile, writeFile } from "node:fs/promises";
import { deflateSync } from "node:zlib";
import { launchBrowser } from "./browser.js";

const FOLDER = new URL("../../server/src/http/pictures/", import.meta.url);
const FONT = new URL("../../xtask/node_modules/@fontsource-variable/inter/files/inter-latin-wght-normal.woff2", import.meta.url);
/** Printable ASCII, and what else titles have. */
const LETTERS = [...Array.from({ length: 95 }, (_, at) => String.fromCodePoint(32 + at)), ..."·–—…‘’“”àáâäçèéêëíîñóôöúüÀÉ€×"];
const STYLES = { title: { size: 76, weight: 640, spacing: -1.8 }, small: { size: 34, weight: 560, spacing: -0.4 } };
/** Side of the mark, in pixels. */
const MARK = 64;

const browser = await launchBrowser();
try {
  const page = await browser.newPage();
  const font = (await readFile(FONT)).toString("base64");
  const drawn = await page.evaluate(async ({ font, letters, styles, mark }) => {
    const face = new FontFace("Letters", `url(data:font/woff2;base64,${font})`, { weight: "100 900" });
    document.fonts.add(await face.load());
    const pixels = [];
    // The alpha of what `draw` paints, by its bounding box: 16 levels, a byte each.
    const raster = (width, height, draw) => {
      const canvas = Object.assign(document.createElement("canvas"), { width, height });
      const context = canvas.getContext("2d", { willReadFrequently: true });
      draw(context);
      const { data } = context.getImageData(0, 0, width, height);
      const at = (x, y) => Math.round(data[(y * width + x) * 4 + 3] / 17);
      let [left, top, right, bottom] = [width, height, -1, -1];
      for (let y = 0; y < height; y += 1) for (let x = 0; x < width; x += 1) if (at(x, y)) [left, top, right, bottom] = [Math.min(left, x), Math.min(top, y), Math.max(right, x), Math.max(bottom, y)];
      const box = right < 0 ? { left: 0, top: 0, width: 0, height: 0 } : { left, top, width: right - left + 1, height: bottom - top + 1 };
      const offset = pixels.length;
      for (let y = box.top; y < box.top + box.height; y += 1) for (let x = box.left; x < box.left + box.width; x += 1) pixels.push(at(x, y));
      return { ...box, offset };
    };
    const told = {};
    for (const [name, { size, weight, spacing }] of Object.entries(styles)) {
      const room = size * 2;
      const style = `${weight} ${size}px Letters`;
      const measure = document.createElement("canvas").getContext("2d");
      measure.font = style;
      const width = (text) => measure.measureText(text).width;
      const glyphs = {};
      for (const letter of letters) {
        const box = raster(room, room, (context) => {
          context.font = style;
          context.fillText(letter, size / 2, size * 1.5);
        });
        // Advance in hundredths of a pixel; then left and top from the pen and its base line, size, and where its pixels begin.
        glyphs[letter] = [Math.round((width(letter) + spacing) * 100), box.left - size / 2, box.top - size * 1.5, box.width, box.height, box.offset];
      }
      const kerns = {};
      for (const one of letters) for (const other of letters) {
        const kern = Math.round((width(one + other) - width(one) - width(other)) * 100);
        if (Math.abs(kern) >= 40) kerns[one + other] = kern;
      }
      told[name] = { glyphs, kerns };
    }
    const scaled = (context) => context.scale(mark / 24, mark / 24);
    const square = raster(mark, mark, (context) => {
      scaled(context);
      context.beginPath();
      context.roundRect(0, 0, 24, 24, 6);
      context.fill();
    });
    // The strokes of app/js/icon.svg.
    const strokes = raster(mark, mark, (context) => {
      scaled(context);
      Object.assign(context, { lineWidth: 1.75, lineCap: "round" });
      context.stroke(new Path2D("M6 10.5v3M9 8v8M12 5v14M15 8.5v7M18 11v2"));
    });
    const glyph = (box) => [mark * 100, box.left, box.top, box.width, box.height, box.offset];
    return { told: { ...told, mark: { glyphs: { square: glyph(square), strokes: glyph(strokes) }, kerns: {} } }, pixels };
  }, { font, letters: LETTERS, styles: STYLES, mark: MARK });
  const { told, pixels } = drawn;
  const packed = deflateSync(Buffer.from(pixels), { level: 9 });
  await writeFile(new URL("letters.json", FOLDER), `${JSON.stringify(told)}\n`);
  await writeFile(new URL("letters.bin", FOLDER), packed);
  console.log(`${pixels.length} pixels in ${packed.length} bytes, ${JSON.stringify(told).length} bytes of measures`);
} finally {
  await browser.close();
}
