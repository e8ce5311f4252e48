// webpack emits the .wasm by itself: it knows `new URL(…, import.meta.url)`.
export default {
  mode: "production",
  entry: "./main.js",
  output: { filename: "main.js", publicPath: "auto", clean: true },
};
