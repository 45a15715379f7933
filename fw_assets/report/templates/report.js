"use strict";
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const one = (selector, within = document) => within.querySelector(selector);

  // Light and dark: the system's choice until the button is used.
  const root = document.documentElement;
  const theme = one("#theme");
  const dark = () => root.dataset.theme
    ? root.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  const shown = () => { theme.textContent = dark() ? "Light" : "Dark"; theme.setAttribute("aria-pressed", dark()); };
  theme.addEventListener("click", () => { root.dataset.theme = dark() ? "light" : "dark"; shown(); });
  shown();

  // One candidate at a time, the same one in every section.
  const choose = (index) => {
    for (const panel of all(".panel")) panel.hidden = panel.dataset.candidate !== index;
    for (const input of all(".candidates input")) input.checked = input.value === index;
  };
  for (const input of all(".candidates input")) input.addEventListener("change", () => choose(input.value));
  if (one(".panel")) choose("0");

  // Tables that can be sorted by any column of figures or names.
  const value = (row, column) => {
    const text = row.cells[column].textContent.trim();
    const number = parseFloat(text.replace(/,/g, "").replace("\u2212", "-"));
    return text === "n/a" ? -Infinity : Number.isNaN(number) || column === 0 ? text : number;
  };
  for (const table of all("table.sortable")) {
    all("thead th", table).forEach((head, column) => {
      if ("plain" in head.dataset) return;
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const up = head.getAttribute("aria-sort") !== "ascending";
        for (const other of all("thead th", table)) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        const rows = all("tbody tr", table).map((row) => [value(row, column), row]);
        rows.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0) * (up ? 1 : -1));
        table.tBodies[0].append(...rows.map(([, row]) => row));
      });
    });
  }
  // What a table or matrix needs to answer is prepared when it is first used: a long report opens at once.
  const lazily = (make) => { let made; return () => (made ??= make()); };

  for (const input of all("input.find")) {
    const table = document.getElementById(input.dataset.table);
    const count = one("output", input.closest(".tools"));
    input.addEventListener("input", () => {
      const rows = [...table.tBodies[0].rows], wanted = input.value.trim().toLowerCase();
      for (const row of rows) row.hidden = !row.cells[0].textContent.toLowerCase().includes(wanted);
      count.textContent = wanted ? `${rows.filter((row) => !row.hidden).length} of ${rows.length}` : "";
    });
  }

  // Rows that changed.
  for (const input of all("input.flip-text")) {
    const tools = input.closest(".tools");
    const body = document.getElementById(input.dataset.table).tBodies[0];
    const read = lazily(() => [...body.rows]
      .map((row) => ({ row, text: row.textContent.toLowerCase(), gold: row.cells[2].textContent })));
    const way = one(".flip-way", tools), gold = one(".flip-gold", tools), count = one("output", tools);
    const filter = () => {
      const rows = read(), wanted = input.value.trim().toLowerCase();
      let left = 0;
      for (const item of rows) {
        const keep = (!way.value || item.row.dataset.way === way.value)
          && (!gold.value || item.gold === gold.value) && (!wanted || item.text.includes(wanted));
        item.row.hidden = !keep;
        left += keep;
      }
      say(left, rows.length);
    };
    const say = (left, of) => {
      count.textContent = `${left.toLocaleString("en")} of ${of.toLocaleString("en")} rows`;
    };
    for (const control of [input, way, gold]) control.addEventListener("input", filter);
    say(body.rows.length, body.rows.length);
  }

  // Heat maps: a cursor for mouse and keyboard, and a walk through the largest confusions.
  for (const heat of all(".heat")) {
    const known = lazily(() => {
      const data = JSON.parse(one(".heat-data", heat).textContent);
      return {
        cells: data.cells,
        support: data.support,
        relation: data.relation,
        labels: all(".rows span", one(".view", heat)).map((span) => span.textContent),
        answers: all(".columns span", one(".view", heat)).map((span) => span.textContent),
        counts: new Map(data.cells.map(([row, column, base, tuned]) => [`${row},${column}`, [base, tuned]])),
      };
    });
    const columns = parseInt(heat.style.getPropertyValue("--columns"), 10);
    const readout = one(".readout", heat);
    const at = { row: 0, column: 0 };
    let walked = -1;
    const view = () => one(`.view[data-name="${heat.dataset.view}"]`, heat);
    const bold = (text) => { const b = document.createElement("b"); b.textContent = text; return b; };
    const show = (row, column, scroll) => {
      const { counts, labels, answers, relation, support } = known();
      at.row = Math.max(0, Math.min(labels.length - 1, row));
      at.column = Math.max(0, Math.min(columns - 1, column));
      const place = view(), grid = one(".grid", place), cursor = one(".cursor", place);
      cursor.hidden = false;
      cursor.style.setProperty("--r", at.row);
      cursor.style.setProperty("--c", at.column);
      for (const item of all(".on", heat)) item.classList.remove("on");
      one(".rows", place).children[at.row].classList.add("on");
      one(".columns", place).children[at.column].classList.add("on");
      const [base, tuned] = counts.get(`${at.row},${at.column}`) || [0, 0];
      const total = support[at.row];
      const part = (n) => (total ? `${n} of ${total} (${(100 * n / total).toFixed(1)}%)` : `${n}`);
      const hasTuned = !!one('.view[data-name="tuned"]', heat);
      readout.replaceChildren(bold(labels[at.row]), relation, bold(answers[at.column]),
        hasTuned ? `: base ${part(base)}, fine-tuned ${part(tuned || 0)}` : `: ${part(base)}`);
      if (scroll) {
        const cell = cursor.offsetWidth, axis = one(".corner", place);
        const x = at.column * cell, y = at.row * cell;
        const wide = grid.clientWidth - axis.offsetWidth - cell, high = grid.clientHeight - axis.offsetHeight - cell;
        if (x < grid.scrollLeft || x > grid.scrollLeft + wide) grid.scrollLeft = x - wide / 2;
        if (y < grid.scrollTop || y > grid.scrollTop + high) grid.scrollTop = y - high / 2;
      }
    };
    // The rows of the square under the cursor: lists of the page, of which this opens one.
    const openRows = () => {
      const kind = heat.dataset.view === "base" ? "base" : "tuned";
      const listed = one(`.behind[data-name="${kind}"]`, heat) ? kind : "base";
      const cell = document.getElementById(`cell-${heat.dataset.index}-${listed}-${at.row}-${at.column}`);
      if (!cell) { readout.append(". None of its rows is listed here."); return; }
      for (const other of all(".cell[open]", heat)) other.open = other === cell;
      cell.closest(".behind").open = true;
      cell.open = true;
      one("summary", cell).focus({ preventScroll: true });
      cell.scrollIntoView({ block: "nearest" });
    };
    const fit = one(".fit", heat), side = heat.style.getPropertyValue("--cell");
    fit?.addEventListener("change", () => {
      const room = heat.clientWidth - one(".corner", view()).offsetWidth - 24;
      heat.style.setProperty("--cell", fit.checked ? `${Math.max(2, Math.floor(room / columns))}px` : side);
    });
    for (const grid of all(".grid", heat)) {
      const body = one(".body", grid);
      body.addEventListener("pointermove", (event) => {
        const box = body.getBoundingClientRect(), cell = box.height / known().labels.length;
        show(Math.floor((event.clientY - box.top) / cell), Math.floor((event.clientX - box.left) / cell), false);
      });
      body.addEventListener("click", () => { if (!one(".cursor", grid).hidden) openRows(); });
      grid.addEventListener("keydown", (event) => {
        if (event.key === "Enter" && !one(".cursor", grid).hidden) { event.preventDefault(); openRows(); return; }
        const move = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1],
          Home: [0, -columns], End: [0, columns], PageUp: [-10, 0], PageDown: [10, 0] }[event.key];
        if (!move || event.ctrlKey || event.metaKey || event.altKey) return;
        event.preventDefault();
        show(at.row + move[0], at.column + move[1], true);
      });
    }
    for (const input of all(".views input", heat)) {
      input.addEventListener("change", () => { heat.dataset.view = input.value; walked = -1; });
    }
    one(".next", heat).addEventListener("click", () => {
      const part = (cell) => ({ base: cell[2], tuned: cell[3] || 0, change: Math.abs((cell[3] || 0) - cell[2]) })[heat.dataset.view];
      const pairs = known().cells.filter((cell) => cell[0] !== cell[1] && part(cell)).sort((a, b) => part(b) - part(a));
      if (!pairs.length) { readout.textContent = "No two labels are confused here."; return; }
      walked = (walked + 1) % pairs.length;
      show(pairs[walked][0], pairs[walked][1], true);
    });
  }

  // On paper nothing can be opened.
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = all("details:not([open]):not(.behind):not(.cell)");
    for (const details of opened) details.open = true;
  });
  addEventListener("afterprint", () => { for (const details of opened) details.open = false; });

  for (const button of all(".copy")) {
    button.addEventListener("click", async () => {
      const code = one("code", button.parentElement);
      try {
        await navigator.clipboard.writeText(code.textContent);
        button.textContent = "Copied";
      } catch {
        // Without the clipboard (an old browser, a file opened from disk in some): select it for the reader.
        getSelection().selectAllChildren(code);
        button.textContent = "Selected";
      }
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    });
  }
})();
