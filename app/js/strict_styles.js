// Lets a script that writes styles as it runs (Scalar) work under a policy without `unsafe-inline`: its style elements get
// the page's nonce, and its style attributes are set through the CSSOM, which the policy does not concern.
const { content: nonce } = document.querySelector("meta[property=csp-nonce]");

const createElement = document.createElement.bind(document);
document.createElement = (...args) => {
  const element = createElement(...args);
  if (element instanceof HTMLStyleElement) element.nonce = nonce;
  return element;
};

const { setAttribute } = Element.prototype;
Element.prototype.setAttribute = function (name, value) {
  if (name === "style" && this.style) this.style.cssText = value;
  else setAttribute.call(this, name, value);
};

/** The attribute inside a tag of markup; text may well say `style="…"`. */
const STYLE_IN_TAG = /(<[a-z][^<>]*?) style="([^"]*)"/gi;
const markup = Object.getOwnPropertyDescriptor(Element.prototype, "innerHTML");
Object.defineProperty(Element.prototype, "innerHTML", {
  ...markup,
  set(html) {
    markup.set.call(this, String(html).replace(STYLE_IN_TAG, '$1 data-style="$2"'));
    for (const element of this.querySelectorAll("[data-style]")) element.style.cssText = element.dataset.style;
  },
});
