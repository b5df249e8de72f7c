"use strict";
(function () {
  const said = document.getElementById("copied");
  async function copy(area) {
    if (navigator.clipboard && window.isSecureContext) {
      try { await navigator.clipboard.writeText(area.value); return true; } catch (error) { /* not allowed */ }
    }
    const fold = area.closest("details");
    const wasOpen = fold.open;
    fold.open = true;
    area.select();
    const done = document.execCommand("copy");
    fold.open = wasOpen;
    return done;
  }
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", async function () {
      const done = await copy(document.getElementById(button.dataset.copy));
      button.focus();
      said.textContent = done ? "Copied" : "The browser does not allow it; copy from the section Text";
    });
  }
})();
