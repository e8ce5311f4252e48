// What every page has. Each makes something better that works without it too. The pages name this file alone: the others come
// after it, so that on a slow line they don't share it with the style, which the first paint waits for.
import "./times.js";
import "./running.js";
import "./copy.js";
import "./live.js";
import "./menus.js";
import "./phone_window.js";
import "./axis.js";
import "./palette.js";
import "./keys.js";
