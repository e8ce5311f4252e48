// What opens below its button (questions, the list of workspaces) closes again as people expect: by Escape, which leads back
// to the button, and by a click elsewhere. Without script its own button closes it.
const OPEN = "details.confirm[open], details.switcher[open]";

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll(OPEN)) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && document.querySelector(OPEN);
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});
