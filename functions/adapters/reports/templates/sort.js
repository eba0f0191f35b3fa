for (const head of document.querySelectorAll("th")) {
  const button = document.createElement("button");
  button.append(...head.childNodes);
  head.append(button);
  button.addEventListener("click", () => {
    const numbers = head.classList.contains("n");
    const was = head.getAttribute("aria-sort");
    const down = was ? was === "ascending" : numbers;
    for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const number = (cell) => Number(cell.dataset.n ?? -1e300);
    const text = (one, other) => one.textContent.localeCompare(other.textContent, document.documentElement.lang, { numeric: true });
    const compare = (one, other) => numbers ? number(one) - number(other) : text(one, other);
    const body = head.closest("table").tBodies[0];
    const cell = (row) => row.cells[head.cellIndex];
    body.append(...[...body.rows].sort((one, other) => compare(cell(one), cell(other)) * (down ? -1 : 1)));
  });
}
