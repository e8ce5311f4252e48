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

// A chip that names a value puts it into its form's field; without script it leads to the page with the field filled.
document.addEventListener("click", (event) => {
  const chip = event.target.closest("[data-fill]");
  const field = chip?.closest("form")?.elements.namedItem(chip.dataset.fill);
  if (!field || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  field.value = chip.dataset.value;
  field.focus();
});
