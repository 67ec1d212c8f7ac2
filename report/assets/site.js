// Sorting, filtering and copying of tables. Without it the pages are whole.
"use strict";

for (const box of document.querySelectorAll(".table")) {
  const table = box.querySelector("table");
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  const original = [...body.rows];
  const valueOf = (row, i) => row.cells[i].dataset.value;

  heads.forEach((head, i) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    const isNumber = head.classList.contains("number");
    button.addEventListener("click", () => {
      const isAscending = head.getAttribute("aria-sort") !== "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", isAscending ? "ascending" : "descending");
      const number = (row) => {
        const text = valueOf(row, i);
        return text === "" || Number.isNaN(Number(text)) ? null : Number(text);
      };
      const compare = (a, b) => {
        if (!isNumber) return valueOf(a, i).localeCompare(valueOf(b, i), "en", { numeric: true });
        const [x, y] = [number(a), number(b)];
        return x - y;
      };
      const isEmpty = (row) => isNumber ? number(row) === null : valueOf(row, i) === "";
      const sorted = original.filter((row) => !isEmpty(row)).sort(compare);
      if (!isAscending) sorted.reverse();
      body.append(...sorted, ...original.filter(isEmpty)); // What has no value stays last.
    });
  });

  const tools = document.createElement("div");
  tools.className = "tools";
  const said = document.createElement("span");
  said.setAttribute("role", "status");
  if ("filter" in box.dataset) {
    const label = document.createElement("label");
    const input = document.createElement("input");
    input.type = "search";
    label.append("Filter ", input);
    const columns = heads.map((head) => head.textContent.trim());
    const choices = ["flow", "model"].map((name) => columns.indexOf(name)).filter((i) => i >= 0);
    const select = document.createElement("select");
    const update = () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      let count = 0;
      for (const row of original) {
        const text = row.textContent.toLowerCase();
        const isFamily = choices.length === 0 || select.value === "" ||
          valueOf(row, choices[0]).split(/[ ,-]/)[0] === select.value;
        row.hidden = !(isFamily && words.every((word) => text.includes(word)));
        count += Number(!row.hidden);
      }
      said.textContent = count === original.length ? "" : `${count} of ${original.length} rows`;
    };
    tools.append(label);
    if (choices.length > 0) {
      const families = new Set(original.map((row) => valueOf(row, choices[0]).split(/[ ,-]/)[0]));
      const chooser = document.createElement("label");
      select.append(
        new Option("all", ""),
        ...[...families].sort().map((name) => new Option(name, name)),
      );
      chooser.append("Family ", select);
      select.addEventListener("change", update);
      tools.append(chooser);
    }
    input.addEventListener("input", update);
  }
  const formats = { CSV: csv, Markdown: markdown, LaTeX: latex };
  for (const [name, format] of Object.entries(formats)) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = `Copy ${name}`;
    button.addEventListener("click", async () => {
      const rows = [...body.rows].filter((row) => !row.hidden);
      const texts = rows.map((row) =>
        heads.map((_, i) => format === csv ? valueOf(row, i) : row.cells[i].textContent.trim())
      );
      const columns = heads.map((head) => head.textContent.trim());
      const isNumber = heads.map((head) => head.classList.contains("number"));
      said.textContent = await copy(format(columns, texts, isNumber))
        ? `Copied as ${name}`
        : "Copying is not allowed here";
    });
    tools.append(button);
  }
  tools.append(said);
  box.prepend(tools);
}

function csv(columns, rows) {
  const quoted = (text) => /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  return [columns, ...rows].map((row) => row.map(quoted).join(",")).join("\n") + "\n";
}

function markdown(columns, rows, isNumber) {
  const line = (row) => `| ${row.map((text) => text.replaceAll("|", "\\|")).join(" | ")} |`;
  const rule = line(isNumber.map((is) => is ? "--:" : "---"));
  return [line(columns), rule, ...rows.map(line)].join("\n") + "\n";
}

function latex(columns, rows, isNumber) {
  const special = {
    "\\": "\\textbackslash{}",
    "~": "\\textasciitilde{}",
    "^": "\\textasciicircum{}",
    "±": "$\\pm$",
  };
  const escaped = (text) =>
    text.replace(/[\\~^±]|[&%$#_{}]/g, (character) => special[character] ?? `\\${character}`);
  const line = (row) => `${row.map(escaped).join(" & ")} \\\\`;
  return [
    `\\begin{tabular}{${isNumber.map((is) => is ? "r" : "l").join("")}}`,
    "\\toprule",
    line(columns),
    "\\midrule",
    ...rows.map(line),
    "\\bottomrule",
    "\\end{tabular}",
  ].join("\n") + "\n";
}

/** Also where the clipboard's interface is refused, as on some pages from files. */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    const isCopied = document.execCommand("copy");
    area.remove();
    return isCopied;
  }
}
