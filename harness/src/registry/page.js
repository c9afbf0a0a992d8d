const find = document.getElementById("find");
find.addEventListener("input", () => {
  const word = find.value.toLowerCase();
  for (const table of document.querySelectorAll(".rows")) {
    let shown = 0;
    for (const row of table.rows) {
      if (row.cells[0].tagName === "TH") continue;
      const hit = row.textContent.toLowerCase().includes(word) || table.previousSibling.textContent.toLowerCase().includes(word);
      row.hidden = !hit;
      shown += hit;
    }
    table.hidden = table.previousSibling.hidden = shown === 0;
  }
});
