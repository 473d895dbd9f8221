
// The page is whole without this: it sorts tables, filters, and folds all findings at once.
"use strict";
(function () {
  const units = { K: 1, M: 2, G: 3, T: 4 };
  const all = (selector, root) => Array.from((root || document).querySelectorAll(selector));

  // "12", "3..4", "279.9G" and "-" in the order of their values.
  function value(text) {
    const parts = /^([\d.]+?)(?:\.\.\d+)?([KMGT]?)$$/.exec(text);
    return parts ? parseFloat(parts[1]) * Math.pow(1024, units[parts[2]] || 0) : -1;
  }

  function sort(table, column, numeric) {
    const heads = all("th", table);
    const now = heads[column].getAttribute("aria-sort");
    const up = numeric ? now === "descending" : now !== "ascending";
    const body = table.tBodies[0];
    const text = (row) => row.cells[column].textContent;
    const order = (a, b) => numeric ? value(text(a)) - value(text(b))
      : text(a).localeCompare(text(b), "en", { numeric: true });
    heads.forEach((head) => head.setAttribute("aria-sort", "none"));
    heads[column].setAttribute("aria-sort", up ? "ascending" : "descending");
    Array.from(body.rows).sort((a, b) => up ? order(a, b) : order(b, a)).forEach((row) => body.append(row));
  }

  all("table.sorts").forEach((table) => {
    all("th", table).forEach((head, column) => {
      const button = document.createElement("button");
      button.textContent = head.textContent;
      button.title = "sort";
      button.addEventListener("click", () => sort(table, column, head.classList.contains("number")));
      head.setAttribute("aria-sort", "none");
      head.replaceChildren(button);
    });
  });

  const tools = document.createElement("div");
  const input = document.createElement("input");
  tools.className = "tools";
  input.type = "search";
  input.placeholder = "Filter: a node, a VM, a rule";
  input.setAttribute("aria-label", "Filter");
  input.addEventListener("input", () => {
    const wanted = input.value.trim().toLowerCase();
    all("tbody tr, details.item").forEach((item) => {
      item.hidden = !item.textContent.toLowerCase().includes(wanted);
    });
  });
  tools.append(input);
  const items = all("details");
  if (items.length) {
    const fold = document.createElement("button");
    const label = () => { fold.textContent = items.some((item) => !item.open) ? "Open all" : "Fold all"; };
    fold.addEventListener("click", () => {
      const open = items.some((item) => !item.open);
      items.forEach((item) => { item.open = open; });
      label();
    });
    items.forEach((item) => item.addEventListener("toggle", label));
    let folded = [];
    window.addEventListener("beforeprint", () => {
      folded = items.filter((item) => !item.open);
      folded.forEach((item) => { item.open = true; });
    });
    window.addEventListener("afterprint", () => folded.forEach((item) => { item.open = false; }));
    label();
    tools.append(fold);
  }
  document.querySelector(".figures").after(tools);
})();
