// Rules for the description, by Redocly's names (https://redocly.com/docs/cli/rules): all that it recommends, as errors, and more.

/** Bodies of answers may grow, so examples need not show every member; the Rust types hold them to what there is. */
const examples = { severity: "error", allowAdditionalProperties: true };

export const rules = {
  "component-name-unique": "error",
  "no-http-verbs-in-paths": "error",
  "no-invalid-media-type-examples": examples,
  "no-invalid-parameter-examples": "error",
  "no-invalid-schema-examples": examples,
  "no-path-trailing-slash": "error",
  "operation-singular-tag": "error",
  "operation-tag-defined": "error",
  "parameter-description": "error",
  "path-not-include-query": "error",
  "path-params-defined": "error",
  "tag-description": "error",
  // The steps of a sign-in with Google succeed by leading on, with 303.
  "operation-2xx-response": "off",
  // Probes refuse nothing.
  "operation-4xx-response": "off",
};
