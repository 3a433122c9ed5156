// The table of all metrics. Rows are compact arrays of finished texts, which are escaped here.
// For the keyboard the cells are a grid: one tab stop, arrow keys inside. Hover and focus show the
// same breakdown, Escape hides it.

// Rows drawn at once. The others follow between frames, in growing pieces, because each piece costs
// a layout of the whole table.
const CHUNK = 150;
const state = new WeakMap();
const esc = (text) => String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

export default function (component) {
  const { data, parentElement } = component;
  const own = state.get(parentElement) ?? {};
  state.set(parentElement, own);
  cancelAnimationFrame(own.frame);
  const text = JSON.stringify(data);
  if (own.text !== text) {
    own.text = text;
    own.at = [0, 0];
    draw(own, data, parentElement.querySelector(".root"));
  }
  return () => {
    cancelAnimationFrame(own.frame);
    removeEventListener("scroll", own.follow, true);
    state.delete(parentElement);
  };
}

// The columns that are shown, and whether figures are short or exact.
function choose(own, data, root) {
  const redraw = (selector) => {
    cancelAnimationFrame(own.frame);
    draw(own, data, root);
    root.querySelector(selector)?.focus();
  };
  root.querySelectorAll(".tools button").forEach((button) => {
    button.onclick = () => { own.exact = Boolean(button.dataset.exact); redraw(`.tools [data-exact="${button.dataset.exact}"]`); };
  });
  const details = root.querySelector("details");
  details.onchange = (event) => {
    const { value, checked } = event.target;
    if (!checked && own.hidden.size === data.cols.length - 1) { event.target.checked = true; return; }  // the last one stays
    own.hidden[checked ? "delete" : "add"](value);
    redraw(`input[value="${CSS.escape(value)}"]`);
  };
  details.onkeydown = (event) => { if (event.key === "Escape") { details.open = false; details.firstElementChild.focus(); } };
}

function draw(own, data, root) {
  const { rows, total, words } = data;
  own.hidden ??= new Set();
  const cols = data.cols.map((col, at) => ({ ...col, at })).filter((col) => !own.hidden.has(col.t));
  const text = (row, col) => (own.exact && row.x?.[col.at]) || row.c[col.at];
  const isOpen = root.querySelector("details")?.open;
  root.innerHTML = `
    <div class="tools">
      <div role="group" aria-label="${esc(words.precision)}">${[words.short, words.exact].map((name, i) =>
        `<button type="button" aria-pressed="${Boolean(own.exact) === Boolean(i)}" data-exact="${i || ""}">${esc(name)}</button>`).join("")}</div>
      <details${isOpen ? " open" : ""}><summary>${esc(words.metrics)} (${cols.length})</summary><div class="choices">${data.cols.map((col) =>
        `<label><input type="checkbox" value="${esc(col.t)}"${own.hidden.has(col.t) ? "" : " checked"}> ${esc(col.t)}</label>`).join("")}</div></details>
    </div>
    <div class="frame"><table role="grid" aria-label="${esc(words.label)}" aria-rowcount="${rows.length + 2}" aria-colcount="${cols.length + 1}">
      <thead><tr aria-rowindex="1"><th scope="col" role="columnheader" tabindex="-1">${esc(words.first)}</th>
        ${cols.map((c) => `<th scope="col" role="columnheader" tabindex="-1">${esc(c.t)}${c.u ? `<small>${esc(c.u)}</small>` : ""}</th>`).join("")}</tr></thead>
      <tbody></tbody>
      <tfoot>${line(total, rows.length)}</tfoot>
    </table></div>
    <div class="tip" id="tip" role="tooltip" hidden></div>`;
  choose(own, data, root);
  const table = root.querySelector("table");
  const body = table.tBodies[0];
  const tip = root.querySelector(".tip");
  let done = 0;

  // Why a row has no figures.
  function why(row) {
    return row.s === 3 ? words.unrecorded : words.later;
  }

  function line(row, index) {
    const cells = cols.map((col) => {
      if (col.absent) return `<td role="gridcell" tabindex="-1" class="absent">${esc(words.dash)}<span class="sr">${esc(words.absent)}</span></td>`;
      const value = text(row, col);
      if (value === null) return `<td role="gridcell" tabindex="-1" class="absent">${esc(words.dash)}<span class="sr">${esc(why(row))}</span></td>`;
      const about = row.e && col.est ? `<span aria-hidden="true">${esc(words.about)}</span><span class="sr">${esc(words.estimated)} </span>` : "";
      return `<td role="gridcell" tabindex="-1"${col.parts ? ' class="parts"' : ""}><span>${about}${esc(value)}</span></td>`;
    });
    const kind = ["", "running", "later", "unrecorded"][row.s ?? 0] + (row.w ? " weekstart" : "");
    const badge = row.b ? `<span class="badge">${esc(row.b)}</span>` : "";
    return `<tr class="${kind}" aria-rowindex="${index + 2}"><th scope="row" role="rowheader" tabindex="-1"><span>${esc(row.n)}</span>${badge}</th>${cells.join("")}</tr>`;
  }

  function more() {
    const end = Math.min(Math.max(CHUNK, 2 * done), rows.length);
    let html = "";
    for (; done < end; done++) html += line(rows[done], done);
    body.insertAdjacentHTML("beforeend", html);
    if (done < rows.length) own.frame = requestAnimationFrame(more);
  }
  more();

  const place = (cell) => [cell.parentElement.rowIndex, cell.cellIndex];
  // The total is the last row, even while rows are being added.
  const rowOf = (cell) => (cell.closest("tfoot") ? total : rows[cell.parentElement.rowIndex - 1]);
  const cellOf = (event) => event.target.closest?.("th, td");

  function fill(cell) {
    const c = cell.cellIndex - 1;
    if (c < 0) return false;
    const col = cols[c];
    if (cell.closest("thead")) {
      tip.innerHTML = `<b>${esc(col.t)}</b><p>${esc(col.d)}</p>${col.absent ? `<p>${esc(words.absent)}</p>` : ""}${cell.closest("thead") && col.sum ? `<p>${esc(col.sum)}</p>` : ""}`;
      return true;
    }
    const row = rowOf(cell);
    const head = `<b>${esc(col.t)}</b><em>${esc(row.n)}${row.b ? ` · ${esc(row.b)}` : ""}</em>`;
    if (col.absent) tip.innerHTML = `${head}<p>${esc(words.absent)}</p>`;
    else if (text(row, col) === null) tip.innerHTML = `${head}<p>${esc(why(row))}</p>`;
    else if (col.parts) {
      const items = row.p[col.p];
      tip.innerHTML = `${head}<dl>${col.parts.map((name, i) => `<dt>${esc(name)}</dt><dd>${esc(items[2 * i])}</dd><i class="track"><i style="width:${Number(items[2 * i + 1])}%"></i></i>`).join("")}</dl>${row.e && col.est ? `<p>${esc(words.about)} ${esc(row.e)}</p>` : ""}`;
    } else if (col.peak !== undefined && row.a?.[col.peak]) tip.innerHTML = `${head}<p>${esc(words.first_reached)} ${esc(row.a[col.peak])}</p>`;
    else if (row === total && col.sum) tip.innerHTML = `${head}<p>${esc(col.sum)}</p>`;
    else return false;
    return true;
  }

  function show(cell) {
    hide();
    if (!cell || !table.contains(cell) || !fill(cell)) return;
    own.cell = cell;
    cell.setAttribute("aria-describedby", "tip");
    tip.hidden = false;
    if (tip.showPopover) { tip.popover = "manual"; tip.showPopover(); }
    placeTip(cell);
  }

  function placeTip(cell) {
    const box = cell.getBoundingClientRect();
    const { width, height } = tip.getBoundingClientRect();
    const left = Math.max(8, Math.min(box.right - width, innerWidth - width - 8));
    const below = box.bottom + 6 + height < innerHeight;
    tip.style.left = `${left}px`;
    tip.style.top = `${below ? box.bottom + 6 : Math.max(8, box.top - height - 6)}px`;
  }

  function hide() {
    own.cell?.removeAttribute("aria-describedby");
    own.cell = null;
    if (tip.hidden) return;
    if (tip.hidePopover && tip.popover) tip.hidePopover();
    tip.hidden = true;
  }

  function setTabStop(cell) {
    table.querySelector('[tabindex="0"]')?.setAttribute("tabindex", "-1");
    cell.tabIndex = 0;
    own.at = place(cell);
  }

  const focused = () => root.getRootNode().activeElement;
  table.onmouseover = (event) => { const cell = cellOf(event); if (cell !== own.cell) show(cell); };
  table.onmouseleave = () => (table.contains(focused()) ? show(focused()) : hide());
  // Every draw makes a new table, so listeners do not accumulate.
  table.addEventListener("focusin", (event) => { const cell = cellOf(event); if (cell) { setTabStop(cell); show(cell); } });
  table.addEventListener("focusout", hide);
  table.onkeydown = (event) => {
    const cell = cellOf(event);
    if (!cell) return;
    if (event.key === "Escape") { if (!tip.hidden) { hide(); event.stopPropagation(); } return; }
    let [r, c] = place(cell);
    const lastRow = table.rows.length - 1;
    const page = 12;
    switch (event.key) {
      case "ArrowDown": r += 1; break;
      case "ArrowUp": r -= 1; break;
      case "ArrowRight": c += 1; break;
      case "ArrowLeft": c -= 1; break;
      case "PageDown": r += page; break;
      case "PageUp": r -= page; break;
      case "Home": c = 0; if (event.ctrlKey) r = 0; break;
      case "End": c = cols.length; if (event.ctrlKey) r = lastRow; break;
      default: return;
    }
    event.preventDefault();
    const next = table.rows[Math.max(0, Math.min(r, lastRow))].cells[Math.max(0, Math.min(c, cols.length))];
    reveal(next);
    next.focus({ preventScroll: true });
  };

  // The browser would scroll a focused cell under the sticky first column, header or total row.
  function reveal(cell) {
    const box = root.querySelector(".frame");
    const outer = box.getBoundingClientRect();
    const inner = cell.getBoundingClientRect();
    const left = outer.left + (cell.cellIndex ? table.rows[0].cells[0].offsetWidth : 0);
    if (cell.cellIndex && inner.left < left) box.scrollLeft -= left - inner.left + 4;
    else if (inner.right > outer.right) box.scrollLeft += inner.right - outer.right + 4;
    if (cell.closest("tbody")) {
      const top = outer.top + table.tHead.offsetHeight;
      const bottom = outer.bottom - table.tFoot.offsetHeight - 16;
      if (inner.top < top) box.scrollTop -= top - inner.top + 2;
      else if (inner.bottom > bottom) box.scrollTop += inner.bottom - bottom + 2;
    }
    cell.scrollIntoView?.({ block: "nearest", inline: "nearest", behavior: "instant" });
  }

  if (own.follow) removeEventListener("scroll", own.follow, true);
  // The breakdown follows its cell while the page or the table scrolls, and is hidden with it.
  own.follow = () => {
    if (!own.cell) return;
    const cell = own.cell.getBoundingClientRect();
    const outer = root.querySelector(".frame").getBoundingClientRect();
    if (cell.bottom < Math.max(0, outer.top) || cell.top > Math.min(innerHeight, outer.bottom)) hide();
    else placeTip(own.cell);
  };
  addEventListener("scroll", own.follow, { capture: true, passive: true });
  (table.rows[1] ?? table.rows[0]).cells[0].tabIndex = 0;
}
