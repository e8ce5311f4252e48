// The API's own description, and its schemas as checks.
import assert from "node:assert/strict";
import Ajv from "ajv/dist/2020.js";

/** Reads the description of the server at `url`: the document, and a check for each schema that it names. */
export async function readDescription(url) {
  const document = await (await fetch(`${url}/v1/openapi.json`)).json();
  // The document is no schema itself, and knows keywords and formats of OpenAPI.
  const ajv = new Ajv({ strict: false, validateFormats: false }).addSchema(document, "openapi.json");
  const check = (name) => ajv.getSchema(`openapi.json#/components/schemas/${name}`);
  return {
    document,
    /** Whether `value` is what the schema of that name describes. */
    allows: (name, value) => check(name)(value),
    /** Fails the test unless it is. */
    assertAllows(name, value) {
      const validate = check(name);
      assert.ok(validate(value), `${name}: ${JSON.stringify(value)} ${ajv.errorsText(validate.errors)}`);
    },
  };
}
