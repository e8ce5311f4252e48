// The page of a mailed link sends no referrer, so that its token stays here. Browsers then send its forms with an opaque
// origin, and the server believes `Sec-Fetch-Site`. Old browsers, and all of them on plain HTTP, do not send that: they tell
// the origin, which is no secret, with the form.
document.addEventListener("submit", () => {
  const policy = document.createElement("meta");
  policy.name = "referrer";
  policy.content = "origin";
  document.head.append(policy);
});
