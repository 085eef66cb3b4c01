"use strict";
// The table of owners: filtered and sorted by what the fragment of the address says, and drawn a part at a time.
const PAGE = 100;
const byId = (id) => document.getElementById(id);
const [form, text, namespace, count, table, rest] = ["filters", "text", "namespace", "count", "owners", "rest"].map(byId);
const data = JSON.parse(byId("data").textContent);
const owners = data.rows.map((row, index) => {
  const owner = { index, ...Object.fromEntries(row.map((value, column) => [data.columns[column], value])) };
  owner.text = [owner.finding, owner.namespace, owner.kind, owner.name, owner.what, owner.place, ...owner.details]
    .join("\n").toLowerCase();
  return owner;
});
const tiles = new Map();
const headers = [...table.tHead.querySelectorAll("th")];
const words = new Intl.Collator("en", { numeric: true });
const orders = {
  finding: (a, b) => a.index - b.index, // worst first, as the page has them
  name: (a, b) => words.compare(a.name, b.name),
  namespace: (a, b) => words.compare(a.namespace, b.namespace),
  podCount: (a, b) => b.podCount - a.podCount, // numbers: largest first
  cpu: (a, b) => b.cpu - a.cpu,
  memory: (a, b) => b.memory - a.memory,
};
let state, shown, drawn;

function readState() {
  const fields = new URLSearchParams(location.hash.slice(1));
  const sort = /^(-?)(\w+)$/.exec(fields.get("sort") ?? "");
  const known = sort && Object.hasOwn(orders, sort[2]);
  return {
    findings: new Set((fields.get("finding") ?? "").split(",").filter((each) => tiles.has(each))),
    namespace: fields.get("namespace") ?? "",
    text: fields.get("text") ?? "",
    sort: known ? sort[2] : "finding",
    reversed: Boolean(known && sort[1]),
  };
}

function fragment() {
  const sort = (state.reversed ? "-" : "") + state.sort;
  const fields = Object.entries({
    finding: [...state.findings].join(","), namespace: state.namespace, text: state.text, sort: sort === "finding" ? "" : sort,
  }).filter(([, value]) => value);
  return `#${new URLSearchParams(fields)}`;
}

// Each choice is a step back in the history; letters typed into one word are not.
function change(changes, { typed = false } = {}) {
  state = { ...state, ...changes };
  history[typed ? "replaceState" : "pushState"](null, "", fragment());
  show();
}

function show() {
  text.value === state.text || (text.value = state.text);
  namespace.value = state.namespace;
  for (const [finding, tile] of tiles) tile.setAttribute("aria-pressed", state.findings.has(finding));
  for (const header of headers) {
    const sorted = header.dataset.sort === state.sort;
    const falls = ["podCount", "cpu", "memory"].includes(state.sort) !== state.reversed;
    sorted ? header.setAttribute("aria-sort", falls ? "descending" : "ascending") : header.removeAttribute("aria-sort");
  }
  const needles = state.text.toLowerCase().split(/\s+/);
  const order = orders[state.sort], direction = state.reversed ? -1 : 1;
  shown = owners
    .filter((owner) => (!state.findings.size || state.findings.has(owner.finding))
      && (!state.namespace || owner.namespace === state.namespace)
      && needles.every((needle) => owner.text.includes(needle)))
    .sort((a, b) => lacksEffect(a) - lacksEffect(b) || direction * order(a, b) || a.index - b.index);
  table.querySelectorAll("tbody").forEach((body) => body.remove());
  drawn = 0;
  draw(PAGE);
  const all = owners.length.toLocaleString("en");
  const filtered = shown.length < owners.length;
  count.textContent = `${filtered ? `${shown.length.toLocaleString("en")} of ` : ""}${all} ${owners.length === 1 ? "owner" : "owners"}`;
  byId("clear").hidden = !filtered;
}

const lacksEffect = (owner) => owner.finding === "no-effect";

function draw(amount) {
  const next = shown.slice(drawn, drawn + amount);
  const bodies = next.flatMap((owner, index) => {
    const first = lacksEffect(owner) && !lacksEffect(next[index - 1] ?? shown[drawn - 1] ?? {});
    return first ? [divider(), body(owner)] : [body(owner)];
  });
  if (!shown.length) bodies.push(line("empty", "No owner matches."));
  table.append(...bodies);
  drawn += next.length;
  const left = shown.length - drawn;
  rest.hidden = !left;
  rest.firstChild.textContent = `Show ${Math.min(PAGE, left)} more of ${left}`;
}

const divider = () => line("divider", "Without effect: all that would be added is resizePolicy: NotRequired, which Kubernetes assumes anyway");

function line(name, words) {
  const made = document.createElement("tbody");
  const cell = made.insertRow().insertCell();
  made.className = name;
  cell.colSpan = headers.length;
  cell.textContent = words;
  return made;
}

function body(owner) {
  const made = byId("owner").content.firstElementChild.cloneNode(true);
  const put = (selector, value) => Object.assign(made.querySelector(selector), { textContent: value });
  const shape = made.querySelector(".shape");
  shape.setAttribute("class", `shape ${owner.finding}`);
  shape.firstChild.setAttribute("href", `#shape-${owner.finding}`);
  put(".finding span", owner.finding);
  put(".name small", owner.kind);
  put(".name b", owner.name);
  put(".namespace", owner.namespace);
  put(".pods", owner.pods).classList.toggle("zero", !owner.podCount);
  for (const resource of ["cpu", "memory"]) {
    const cell = put(`.${resource}`, owner[`${resource}Text`]);
    cell.classList.toggle("zero", !owner[resource]);
    cell.title = owner.details[0];
  }
  put("summary", owner.what);
  const details = made.querySelector("details");
  details.addEventListener("toggle", () => fill(details, owner));
  details.owner = owner;
  return made;
}

// Only when it is opened: few are, of thousands.
function fill(details, owner) {
  const detail = details.lastElementChild;
  if (detail.firstChild) return;
  const list = document.createElement("dl");
  [...data.labels.map((label, index) => [label, owner.details[index]]), ["Place", owner.place]].forEach(([label, value]) => {
    if (!value) return;
    list.append(element("div"));
    list.lastChild.append(element("dt", label), element("dd", value));
  });
  detail.append(list);
  const diff = data.diffs[owner.diff];
  if (diff.length) detail.append(element("pre"));
  for (const [tag, lines] of diff) detail.lastChild.append(element(tag, lines));
}

function element(tag, words = "") {
  const made = document.createElement(tag);
  made.textContent = words;
  return made;
}

function button(words, onClick) {
  const made = element("button", words);
  made.type = "button";
  made.addEventListener("click", onClick);
  return made;
}

document.querySelectorAll(".tiles li").forEach((item) => {
  const { finding } = item.dataset;
  const tile = button("", () => {
    const findings = new Set(state.findings);
    findings.delete(finding) || findings.add(finding);
    change({ findings });
  });
  tile.className = "tile";
  tile.append(...item.firstChild.childNodes);
  tile.disabled = item.classList.contains("none");
  item.replaceChildren(tile);
  tiles.set(finding, tile);
});
for (const header of headers) {
  const { sort } = header.dataset;
  header.dataset.label = header.textContent; // for paper
  header.replaceChildren(button(header.textContent, () => change({ sort, reversed: state.sort === sort && !state.reversed })));
}
document.querySelectorAll(".steps .those").forEach((those) => {
  const link = element("a", those.textContent);
  link.href = `#finding=${those.closest("li").dataset.finding}`;
  link.addEventListener("click", () => byId("owners-title").scrollIntoView());
  those.replaceWith(link);
});
form.hidden = false; // without this script it would do nothing
form.addEventListener("submit", (event) => event.preventDefault());
text.addEventListener("input", () => change({ text: text.value }, { typed: Boolean(text.value && state.text) }));
namespace.addEventListener("change", () => change({ namespace: namespace.value }));
byId("clear").addEventListener("click", () => {
  change({ findings: new Set(), namespace: "", text: "" });
  text.focus();
});
rest.firstChild.addEventListener("click", () => {
  const next = drawn;
  draw(PAGE);
  table.querySelectorAll("details")[next].firstChild.focus();
});
for (const event of ["hashchange", "popstate"]) {
  addEventListener(event, () => {
    if (location.hash && !location.hash.includes("=")) return; // a heading of this page
    state = readState();
    show();
  });
}
// On paper everything that is shown is open; what was closed closes again.
addEventListener("beforeprint", () => {
  draw(shown.length);
  table.querySelectorAll("details:not([open])").forEach((details) => {
    fill(details, details.owner);
    details.open = details.wasClosed = true;
  });
});
addEventListener("afterprint", () => {
  table.querySelectorAll("details").forEach((details) => {
    if (details.wasClosed) details.open = details.wasClosed = false;
  });
});
state = readState();
show();
