"use strict";
const rows = [...document.querySelectorAll("#owners tbody tr")];
const diffs = JSON.parse(document.getElementById("diffs").textContent);
const texts = rows.map((row) => row.textContent.toLowerCase());
const chosen = ["finding", "namespace", "type"].map((name) => [name, document.getElementById(name)]);
const search = document.getElementById("search");
const count = document.getElementById("count");

function show() {
  const words = search.value.toLowerCase().split(/\s+/);
  let shown = 0;
  rows.forEach((row, index) => {
    const fits = chosen.every(([name, select]) => !select.value || row.dataset[name] === select.value)
      && words.every((word) => texts[index].includes(word));
    row.hidden = !fits;
    shown += fits;
  });
  count.textContent = `${shown} of ${rows.length}`;
}

// Names and annotations are anybody's: they become text, never markup.
function open(button) {
  const isOpen = button.getAttribute("aria-expanded") === "true";
  button.setAttribute("aria-expanded", String(!isOpen));
  if (isOpen) {
    button.nextElementSibling.remove();
    return;
  }
  const pre = document.createElement("pre");
  for (const line of diffs[button.dataset.diff].split("\n")) {
    const span = document.createElement("span");
    span.textContent = `${line}\n`;
    span.className = { "+": "added", "-": "taken" }[line[0]] || "";
    pre.append(span);
  }
  button.after(pre);
}

search.form.addEventListener("submit", (event) => event.preventDefault());
search.form.addEventListener("input", show);
document.getElementById("owners").addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button) open(button);
});
show();
