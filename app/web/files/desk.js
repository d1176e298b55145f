"use strict";
// Keys go to the desk as soon as it draws, and when it has ended the page says why; the terminal's own script only marks
// the page with a class for either.
let drawn = false;
new MutationObserver(async (_, watching) => {
  const marks = document.body.classList;
  if (!drawn && marks.contains("-first-byte")) {
    drawn = true;
    document.querySelector(".xterm-helper-textarea").focus();
  }
  if (!marks.contains("-closed")) return;
  watching.disconnect();
  const answer = await fetch("/ended").catch(() => null);
  document.getElementById("why").textContent =
    answer === null ? "The line to the server of this page is cut. Half-written edits are kept." : await answer.text();
  document.querySelector(".ended a").focus();
}).observe(document.body, { attributes: true, attributeFilter: ["class"] });
