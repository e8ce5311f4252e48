// A customer's server as customers write them: Express, `express.urlencoded`, and a check of the signature by Node's own
// crypto that knows nothing of Sautikit but its documentation.
import { createHmac, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import express from "express";
import { eventually } from "../support/workspace.js";

/** Requests older or newer than this are refused, as the documentation tells receivers to. */
const TOLERANCE_SECONDS = 300;

/** Whether `t=UNIX,v1=HEX` is the HMAC-SHA256 of body, full stop and time under the secret. */
export function isSigned(header, body, secret, nowSeconds = Date.now() / 1000) {
  const { t, v1 } = Object.fromEntries((header ?? "").split(",").map((part) => part.split("=")));
  if (!t || !v1 || Math.abs(nowSeconds - Number(t)) > TOLERANCE_SECONDS) return false;
  const expected = createHmac("sha256", secret).update(body).update(`.${t}`).digest();
  const given = Buffer.from(v1, "hex");
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/**
 * Starts a server on a free port. `pages` are its voice URLs by path: a function from the callback's form to the answer's
 * actions, or to a document of XML as a text. Callbacks without a good signature get 403 and are not counted.
 */
export async function startExpress(secret, pages) {
  /** Every callback in its order: `{ path, form }`. */
  const callbacks = [];
  const app = express();
  // The bytes as they came are what is signed.
  app.use(express.urlencoded({ extended: false, verify: (request, _, bytes) => { request.bytes = bytes; } }));
  app.use((request, response, next) => {
    if (!isSigned(request.get("X-Sautikit-Signature"), request.bytes ?? "", secret)) return response.sendStatus(403);
    callbacks.push({ path: request.path, form: request.body });
    next();
  });
  for (const [path, actions] of Object.entries(pages)) {
    app.post(path, (request, response) => {
      if (request.body.IsFinal) return response.sendStatus(204);
      const answer = actions(request.body);
      if (typeof answer === "string") return response.type("text/xml").send(answer);
      response.json({ actions: answer });
    });
  }
  const listener = app.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const url = `http://127.0.0.1:${listener.address().port}`;
  return {
    at: (path) => url + path,
    callbacks,
    /** The first callback that `is` true of, now or later. */
    told: (is) => eventually("a callback", () => callbacks.find(is)),
    /** The forms that come to a page from now on, and the first of them. */
    since() {
      const before = callbacks.length;
      const forms = (path) => callbacks.slice(before).filter((callback) => callback.path === path).map(({ form }) => form);
      return { forms, told: (path) => eventually(path, () => forms(path)[0]) };
    },
    stop() {
      listener.closeAllConnections();
      listener.close();
    },
  };
}

/** Fails unless the server's description of the callback allows every form. */
export function areAsDescribed(description, callbacks) {
  for (const { form } of callbacks) description.assertAllows("VoiceCallback", { ...form });
}
