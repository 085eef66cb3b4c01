"use strict";
const form = document.getElementById("filters");
const rows = [...document.querySelectorAll("#owners tbody tr")];
// What a row says, its diff aside.
const texts = rows.map((row) => [...row.cells].map((cell) => cell.firstChild?.textContent).join("\n").toLowerCase());
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

form.hidden = false; // without this script it would do nothing
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("input", show);
show();
