// Copy buttons: `data-copy` names the element whose text is copied, `data-done` the word that says so.
const DONE_SHOWN_MS = 2000;

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button || button.dataset.busy) return;
  const source = document.getElementById(button.dataset.copy);
  const label = button.querySelector("span");
  const word = label.textContent;
  button.dataset.busy = "1";
  try {
    await navigator.clipboard.writeText(source.textContent);
    label.textContent = button.dataset.done;
  } catch {
    // No permission, or no HTTPS: select it, so that the keyboard's copy works.
    getSelection().selectAllChildren(source);
  }
  setTimeout(() => {
    label.textContent = word;
    delete button.dataset.busy;
  }, DONE_SHOWN_MS);
});
