// The API's reference: Scalar draws /v1/openapi.json. Nothing is loaded from elsewhere and nothing is told to anyone.
Scalar.createApiReference("#reference", {
  url: "/v1/openapi.json",
  agent: { disabled: true },
  documentDownloadType: "none",
  hideClientButton: true,
  mcp: { disabled: true },
  // A key typed in is gone with the page.
  persistAuth: false,
  proxyUrl: "",
  showDeveloperTools: "never",
  telemetry: false,
  withDefaultFonts: false,
});
