// Opens the softphone in a small window of its own, so that a call outlives the page that began it. The links carry the
// window's name as their target: without script they open it as a tab.
const NAME = "sautikit-phone";
const SHAPE = "popup,width=420,height=760";

document.addEventListener("click", (event) => {
  const link = event.target.closest(`a[target="${NAME}"]`);
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  // An empty address finds the window that is there without loading it again, which would end its call.
  const phone = window.open("", NAME, SHAPE);
  if (!phone) return; // A blocker: the link opens it as a tab.
  event.preventDefault();
  if (phone.location.pathname === "/softphone") {
    new BroadcastChannel("sautikit-phone").postMessage(Object.fromEntries(new URL(link.href).searchParams));
    phone.focus();
  } else {
    phone.location = link.href;
  }
});
