// One chart: panels of lines, areas and bars over a common time axis, with a legend that switches
// series, figures under the pointer, and a menu of downloads. What is drawn, and every text, comes
// from render/charts; this file knows pixels only. Colours are those of style.css.
//
// Two tab stops: the plot (arrow keys move from bucket to bucket) and the toolbar (legend and menu).

const SVG = "http://www.w3.org/2000/svg";
const TOP = 26, BOTTOM = 36, BETWEEN = 34, TICK_GAP = 10;
const state = new WeakMap();
const esc = (text) => String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
const round = (value) => Math.round(value * 100) / 100;
const clamp = (value, low, high) => Math.max(low, Math.min(value, high));
const pen = document.createElement("canvas").getContext("2d");
const textWidth = (text, size = 12) => { pen.font = `${size}px sans-serif`; return pen.measureText(text).width; };
// The class of a style: 0 to 5 are series, anything else is quiet.
const tone = (style) => (Number.isInteger(style) ? `s${style}` : "quiet");

export default function (component) {
  const { data, parentElement } = component;
  let own = state.get(parentElement);
  if (!own) state.set(parentElement, (own = create(parentElement.querySelector(".root"))));
  const text = JSON.stringify(data);
  if (own.text !== text) {
    const first = own.text === undefined;
    own.text = text;
    own.data = data;
    if (first || own.names !== data.series.map((s) => s.name).join("\n")) {
      own.names = data.series.map((s) => s.name).join("\n");
      own.hidden = new Set();
    }
    own.toolbar();
    own.draw();
  }
  return () => { own.close(); state.delete(parentElement); };
}

function create(root) {
  root.innerHTML = `
    <div class="chart" role="group">
      <p class="sr" id="description"></p>
      <div class="bar" role="toolbar"></div>
      <div class="stage"><div class="picture"></div>
        <div class="probe" role="slider" tabindex="0" aria-valuemin="0" aria-orientation="horizontal"></div></div>
      <div class="tip" aria-hidden="true" hidden></div>
      <div class="menu" role="menu" aria-label="Save the chart" hidden></div>
      <output class="sr" role="status"></output>
    </div>`;
  const $ = (selector) => root.querySelector(selector);
  const own = { hidden: new Set(), at: null, width: 0 };
  const [chart, bar, picture, probe, tip, menu, status] =
    [".chart", ".bar", ".picture", ".probe", ".tip", ".menu", "output"].map($);

  own.draw = () => {
    const { data } = own;
    own.width = Math.max(200, Math.floor(picture.clientWidth));
    own.scene = layout(data, own.width);
    picture.innerHTML = paint(data, own.scene, own.hidden);
    chart.setAttribute("aria-label", data.name);
    chart.setAttribute("aria-describedby", "description");
    $("#description").textContent = data.description;
    probe.hidden = !data.hover.length;
    Object.assign(probe.style, {
      left: `${own.scene.left}px`, width: `${own.scene.right - own.scene.left}px`,
      top: `${TOP}px`, height: `${own.scene.bottom - TOP}px`,
    });
    probe.setAttribute("aria-label", `Figures of ${data.name}`);
    probe.setAttribute("aria-valuemax", Math.max(0, data.hover.length - 1));
    const at = clamp(own.at ?? data.hover.length - 1, 0, Math.max(0, data.hover.length - 1));
    speak(at);
    if (!tip.hidden) show(at);
  };

  // ---- the figures under the pointer

  function speak(i) {
    const box = own.data.hover[i];
    probe.setAttribute("aria-valuenow", i);
    probe.setAttribute("aria-valuetext", box ? [box.title, ...rowsOf(box).map((r) => `${r.name} ${r.text}`)].join(", ") : own.data.description);
  }

  const rowsOf = (box) => box.rows.filter((r) => r.series === null || !own.hidden.has(r.series));

  function show(i) {
    const box = own.data.hover[i];
    if (!box) return hide();
    own.at = i;
    speak(i);
    const { x, y, top, bottom } = own.scene;
    const [from, to, at] = [x(box.from), x(box.to), x(box.at)];
    const rows = rowsOf(box);
    const dots = rows.filter((r) => r.y !== null && r.y !== undefined && r.series !== null)
      .map((r) => { const s = own.data.series[r.series]; return `<circle class="${tone(s.style)} dot" cx="${round(at)}" cy="${round(y(s, r.y))}" r="4.5"/>`; });
    picture.querySelector(".pointer").innerHTML =
      `<rect class="lit" x="${round(from)}" y="${top}" width="${round(to - from)}" height="${bottom - top}"/>` +
      `<line class="rule" x1="${round(at)}" x2="${round(at)}" y1="${top}" y2="${bottom}"/>${dots.join("")}`;
    tip.innerHTML = `<b>${esc(box.title)}</b>${box.note ? `<em>${esc(box.note)}</em>` : ""}<div class="rows">${rows.map((r) =>
      `<span class="key">${r.series === null || r.level ? "" : key(own.data.series[r.series])}</span>` +
      `<span class="${r.level ? "part" : "whole"}">${esc(r.name)}</span><span class="figure">${esc(r.text)}</span>`).join("")}</div>`;
    tip.hidden = false;
    if (tip.showPopover) { tip.popover = "manual"; if (!tip.matches(":popover-open")) tip.showPopover(); }
    placeTip(from, to);
  }

  // Beside the bucket, so that its points stay visible; above or below the plot where neither side
  // has room.
  function placeTip(from, to) {
    const stage = picture.getBoundingClientRect();
    const { width, height } = tip.getBoundingClientRect();
    const right = stage.left + to + 12, left = stage.left + from - 12 - width;
    let place;
    if (right + width <= innerWidth - 8) place = right;
    else if (left >= 8) place = left;
    const across = place ?? clamp(stage.left + (from + to - width) / 2, 8, innerWidth - width - 8);
    let down = clamp(stage.top + TOP, 8, Math.max(8, innerHeight - height - 8));
    if (place === undefined) {
      const above = stage.top + TOP - height - 6;
      down = above >= 8 ? above : stage.top + own.scene.bottom + 30;
    }
    Object.assign(tip.style, { left: `${across}px`, top: `${down}px` });
  }

  function hide() {
    if (tip.hidden) return;
    if (tip.hidePopover && tip.matches(":popover-open")) tip.hidePopover();
    tip.hidden = true;
    const pointer = picture.querySelector(".pointer");
    if (pointer) pointer.innerHTML = "";
  }

  const nearest = (event) => {
    const at = own.scene.time(event.clientX - picture.getBoundingClientRect().left);
    const boxes = own.data.hover;
    let low = 0, high = boxes.length - 1;
    while (low < high) { const middle = (low + high) >> 1; if (boxes[middle].to > at) high = middle; else low = middle + 1; }
    return low;
  };
  probe.onpointermove = (event) => { if (event.pointerType === "mouse") show(nearest(event)); };
  // A tap shows the figures, and a tap elsewhere hides them: a finger has no hover to end.
  probe.onclick = (event) => { if (event.detail) show(nearest(event)); };
  probe.onpointerleave = (event) => { if (event.pointerType === "mouse") hide(); };
  probe.onfocus = () => { if (probe.matches(":focus-visible")) show(own.at ?? own.data.hover.length - 1); };
  probe.onblur = hide;
  probe.onkeydown = (event) => {
    const last = own.data.hover.length - 1;
    const at = own.at ?? last;
    const steps = { ArrowRight: at + 1, ArrowUp: at + 1, ArrowLeft: at - 1, ArrowDown: at - 1, PageUp: at + 7, PageDown: at - 7, Home: 0, End: last };
    if (event.key === "Escape" && !tip.hidden) { hide(); event.stopPropagation(); return; }
    if (!(event.key in steps)) return;
    event.preventDefault();
    show(clamp(steps[event.key], 0, last));
  };

  // ---- the toolbar: one tab stop, arrow keys inside

  own.toolbar = () => {
    const { data } = own;
    const entries = data.legend ? data.series.map((s, i) => s.legend &&
      `<button type="button" class="entry" data-series="${i}" aria-pressed="${!own.hidden.has(i)}">${key(s)}<span>${esc(s.legend)}</span></button>`) : [];
    bar.setAttribute("aria-label", data.legend ? "Series and downloads" : "Downloads");
    bar.innerHTML = `<div class="entries">${entries.filter(Boolean).join("")}</div>
      <button type="button" class="more" aria-haspopup="menu" aria-expanded="false" aria-label="Save the chart" title="Save the chart">
      <svg viewBox="0 0 24 24" aria-hidden="true"><path d="M12 4v11m-5-5 5 5 5-5M5 20h14"/></svg></button>`;
    bar.classList.toggle("bare", !data.legend);
    own.stop = 0;
    roving();
  };
  const stops = () => [...bar.querySelectorAll("button")];
  function roving() { stops().forEach((button, i) => { button.tabIndex = i === own.stop ? 0 : -1; }); }
  function arrows(event, items, at) {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const next = step ? (at + step + items.length) % items.length : { Home: 0, End: items.length - 1 }[event.key];
    if (next === undefined) return -1;
    event.preventDefault();
    items[next].focus();
    return next;
  }
  bar.onkeydown = (event) => { const next = arrows(event, stops(), own.stop); if (next >= 0) { own.stop = next; roving(); } };
  bar.onclick = (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    own.stop = stops().indexOf(button);
    roving();
    if (button.classList.contains("more")) return menu.hidden ? openMenu(button) : closeMenu();
    const i = Number(button.dataset.series);
    if (!own.hidden.delete(i)) own.hidden.add(i);
    button.setAttribute("aria-pressed", !own.hidden.has(i));
    own.draw();
  };

  const saves = { "Download PNG": () => savePng(own, picture), "Download SVG": () => saveSvg(own, picture), "Copy data": copy };
  function openMenu(button) {
    menu.innerHTML = Object.keys(saves).map((name) => `<button type="button" role="menuitem" tabindex="-1">${name}</button>`).join("");
    menu.hidden = false;
    if (menu.showPopover) { menu.popover = "manual"; menu.showPopover(); }
    const box = button.getBoundingClientRect(), size = menu.getBoundingClientRect();
    const above = box.bottom + 4 + size.height > innerHeight;
    Object.assign(menu.style, { left: `${clamp(box.right - size.width, 8, innerWidth - size.width - 8)}px`, top: `${above ? box.top - size.height - 4 : box.bottom + 4}px` });
    button.setAttribute("aria-expanded", "true");
    menu.querySelector("button").focus();
  }
  function closeMenu(focus = true) {
    if (menu.hidden) return;
    if (menu.hidePopover && menu.matches(":popover-open")) menu.hidePopover();
    menu.hidden = true;
    const button = bar.querySelector(".more");
    button.setAttribute("aria-expanded", "false");
    if (focus) button.focus();
  }
  menu.onkeydown = (event) => {
    const items = [...menu.querySelectorAll("button")];
    if (event.key === "Escape" || event.key === "Tab") { closeMenu(); event.stopPropagation(); return; }
    arrows(event, items, items.indexOf(root.getRootNode().activeElement));
  };
  menu.onclick = (event) => { const name = event.target.closest("button")?.textContent; if (name) { closeMenu(); saves[name](); } };

  async function copy() {
    try {
      await navigator.clipboard.writeText(own.data.copy);
    } catch {
      const area = Object.assign(document.createElement("textarea"), { value: own.data.copy });
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    status.textContent = "Copied.";
    chart.classList.add("copied");
    setTimeout(() => { chart.classList.remove("copied"); status.textContent = ""; }, 2000);
  }

  // ---- what happens elsewhere

  const elsewhere = (event) => {
    const path = event.composedPath();
    if (!path.includes(probe)) hide();
    if (!path.includes(menu) && !path.includes(bar)) closeMenu(false);
  };
  const scrolled = () => { hide(); closeMenu(false); };
  document.addEventListener("pointerdown", elsewhere, true);
  addEventListener("scroll", scrolled, { capture: true, passive: true });
  const resized = new ResizeObserver(() => {
    if (own.data && Math.abs(Math.floor(picture.clientWidth) - own.width) > 1 && picture.clientWidth) { hide(); own.draw(); }
  });
  resized.observe(picture);
  own.close = () => {
    hide();
    document.removeEventListener("pointerdown", elsewhere, true);
    removeEventListener("scroll", scrolled, true);
    resized.disconnect();
  };
  return own;
}

// ---- where things are

function layout(data, width) {
  const labels = (side) => data.panels.flatMap((p) => p[side]?.ticks.map((tick) => textWidth(tick[1])) ?? []);
  const room = (side, none) => { const all = labels(side); return all.length ? Math.ceil(Math.max(...all)) + TICK_GAP : none; };
  const left = room("left", 12), right = width - room("right", 14);
  const panels = [];
  let top = TOP;
  for (const panel of data.panels) { panels.push({ ...panel, y0: top, y1: top + panel.height }); top += panel.height + BETWEEN; }
  const bottom = top - BETWEEN;
  const { from, to } = data.x;
  return {
    width, height: bottom + BOTTOM, left, right, top: TOP, bottom, panels,
    x: (ms) => left + ((ms - from) / (to - from)) * (right - left),
    time: (px) => from + ((px - left) / (right - left)) * (to - from),
    y: (series, value) => { const p = panels[series.panel]; return p.y1 - (value / (p[series.axis]?.top ?? 1)) * (p.y1 - p.y0); },
  };
}

// The first set of ticks whose labels do not touch; the coarsest is thinned where none fits.
function ticksThatFit(sets, x) {
  const wide = (tick) => Math.max(textWidth(tick[1]), textWidth(tick[2])) + 14;
  const fits = (set) => set.every((tick, i) => !i || x(tick[0]) - x(set[i - 1][0]) >= (wide(tick) + wide(set[i - 1])) / 2);
  const found = sets.find(fits);
  if (found || !sets.length) return found ?? [];
  let end = -Infinity;
  return sets.at(-1).filter((tick) => { const at = x(tick[0]), half = wide(tick) / 2; if (at - half < end) return false; end = at + half; return true; });
}

// ---- drawing

function shape(kind, x, y, r, attributes) {
  const d = {
    circle: () => `M${round(x - r)},${round(y)}a${r},${r} 0 1,0 ${2 * r},0a${r},${r} 0 1,0 ${-2 * r},0Z`,
    square: () => `M${round(x - r * 0.9)},${round(y - r * 0.9)}h${round(r * 1.8)}v${round(r * 1.8)}h${round(-r * 1.8)}Z`,
    "triangle-up": () => `M${round(x)},${round(y - r * 1.15)}l${round(r * 1.1)},${round(r * 2)}h${round(-r * 2.2)}Z`,
    "triangle-down": () => `M${round(x)},${round(y + r * 1.15)}l${round(r * 1.1)},${round(-r * 2)}h${round(-r * 2.2)}Z`,
    diamond: () => `M${round(x)},${round(y - r * 1.3)}l${round(r * 1.2)},${round(r * 1.3)}l${round(-r * 1.2)},${round(r * 1.3)}l${round(-r * 1.2)},${round(-r * 1.3)}Z`,
    cross: () => { const a = round(r * 0.45), b = round(r * 0.85); return `M${round(x - a)},${round(y - a - b)}h${2 * a}v${b}h${b}v${2 * a}h${-b}v${b}h${-2 * a}v${-b}h${-b}v${-2 * a}h${b}Z`; },
  }[kind] ?? (() => "");
  return `<path d="${d()}" ${attributes}/>`;
}

// Colour, dash and shape of a series, as drawn.
function key(series) {
  return `<svg class="${tone(series.style)}" viewBox="0 0 34 12" width="34" height="12" aria-hidden="true">` +
    `<line class="line" x1="1" x2="33" y1="6" y2="6" stroke-width="2.25" stroke-dasharray="${series.dash ?? ""}"/>` +
    `${series.shape ? shape(series.shape, 17, 6, 4, 'class="full"') : ""}</svg>`;
}

function path(points, x, y, step) {
  let d = "", pen = false, before = null;
  for (const point of points) {
    if (!point || point[1] === null) { pen = false; continue; }
    const [px, py] = [round(x(point[0])), round(y(point[1]))];
    d += pen ? (step ? `H${px}V${py}` : `L${px},${py}`) : `M${px},${py}`;
    pen = true;
    before = point;
  }
  return before ? d : "";
}

const MARKS = {
  line: (m, s, { x, y }) => `<path class="line" fill="none" d="${path(m.points, x, (v) => y(s, v), m.step)}" stroke-width="${m.width}" stroke-dasharray="${m.dash ?? ""}"/>`,
  area: (m, s, { x, y }) => {
    const points = m.points.filter((p) => p && p[1] !== null);
    if (!points.length) return "";
    const base = round(y(s, 0));
    return `<path class="area" d="${path(points, x, (v) => y(s, v), m.step)}V${base}H${round(x(points[0][0]))}Z"/>`;
  },
  range: (m, s, { x, y }) => {
    const there = m.points.map((p) => `${round(x(p[0]))},${round(y(s, p[2]))}`);
    const back = m.points.toReversed().map((p) => `${round(x(p[0]))},${round(y(s, p[1]))}`);
    return `<path class="range" d="M${[...there, ...back].join("L")}Z"/>`;
  },
  bars: (m, s, { x, y }) => m.bars.map(([from, to, value, open]) => {
    const [a, b, top] = [x(from) + 0.75, x(to) - 0.75, y(s, value)];
    return value ? `<rect class="${open ? "open" : "solid"}" x="${round(a)}" width="${round(Math.max(1, b - a))}" y="${round(top)}" height="${round(y(s, 0) - top)}"/>` : "";
  }).join(""),
  points: (m, s, { x, y }) => m.points.map(([at, value, open]) =>
    shape(m.shape, x(at), y(s, value), m.size, `class="${open ? "hollow" : "full"}"`)).join(""),
};

function paint(data, scene, hidden) {
  const { x, left, right, top, bottom, panels } = scene;
  const out = [];
  for (const shade of data.shades) {
    const [a, b] = [Math.max(left, x(shade.from)), Math.min(right, x(shade.to))];
    if (b - a < 2) continue;
    out.push(`<rect class="${shade.kind}" x="${round(a)}" y="${top}" width="${round(b - a)}" height="${bottom - top}"${shade.kind === "none" ? ' fill="url(#hatch)"' : ""}/>`);
  }
  for (const panel of panels) out.push(axes(panel, scene));
  out.push(timeAxis(ticksThatFit(data.x.sets, x), scene));
  const labels = [];
  data.series.forEach((series, i) => {
    if (hidden.has(i) || panels[series.panel].empty) return;
    out.push(`<g class="${tone(series.style)}">${series.marks.map((m) => MARKS[m.kind](m, series, scene)).join("")}</g>`);
    for (const label of series.labels) labels.push({ ...label, px: x(label.x), py: scene.y(series, label.y), style: series.style });
  });
  for (const rule of data.rules) {
    const at = round(x(rule.at));
    out.push(`<line class="now" x1="${at}" x2="${at}" y1="${top}" y2="${bottom}"/>`);
    labels.unshift({ text: rule.label, px: at, py: top + 2, style: null, side: true });
  }
  for (const shade of data.shades) {
    if (!shade.label) continue;
    const [a, b] = [Math.max(left, x(shade.from)), Math.min(right, x(shade.to))];
    if (b - a > 40) labels.unshift({ text: shade.label, px: a + 4, py: (top + bottom) / 2, style: null, side: true });
  }
  out.push(place(labels, scene));
  return `<svg role="img" aria-label="${esc(data.name)}" xmlns="${SVG}" viewBox="0 0 ${scene.width} ${scene.height}" width="${scene.width}" height="${scene.height}">
    <defs><pattern id="hatch" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><line class="hatch" x1="0" y1="0" x2="0" y2="7"/></pattern></defs>
    ${out.join("")}<g class="pointer"></g></svg>`;
}

function axes(panel, { left, right, width }) {
  const out = [];
  const { y0, y1 } = panel;
  for (const side of ["left", "right"]) {
    const axis = panel[side];
    if (!axis) continue;
    const [at, anchor] = side === "left" ? [left - 6, "end"] : [right + 6, "start"];
    for (const [value, text] of axis.ticks) {
      const y = round(y1 - (value / axis.top) * (y1 - y0));
      if (side === "left" || !panel.left) out.push(`<line class="${value ? "grid" : "base"}" x1="${left}" x2="${right}" y1="${y}" y2="${y}"/>`);
      out.push(`<text class="tick" x="${at}" y="${y}" dy="0.35em" text-anchor="${anchor}">${esc(text)}</text>`);
    }
    const [edge, toward] = side === "left" ? [0, "start"] : [width, "end"];
    out.push(`<text class="title ${tone(axis.style)}" x="${edge}" y="${y0 - 12}" text-anchor="${toward}">${esc(axis.title)}</text>`);
  }
  if (panel.empty) {
    if (!panel.left) out.push(`<line class="base" x1="${left}" x2="${right}" y1="${y1}" y2="${y1}"/>`);
    out.push(`<text class="empty" x="${(left + right) / 2}" y="${(y0 + y1) / 2}" text-anchor="middle">${esc(panel.empty)}</text>`);
  }
  return out.join("");
}

function timeAxis(ticks, { x, left, right, bottom, width }) {
  let before = null;
  return ticks.map(([at, text, second]) => {
    const px = x(at);
    if (px < left - 1 || px > right + 1) return "";
    const half = textWidth(text) / 2;
    const label = clamp(px, half, width - half);
    const line = second && second !== before ? `<text class="tick" x="${round(clamp(px, textWidth(second) / 2, width - textWidth(second) / 2))}" y="${bottom + 32}" text-anchor="middle">${esc(second)}</text>` : "";
    before = second;
    return `<line class="mark" x1="${round(px)}" x2="${round(px)}" y1="${bottom}" y2="${bottom + 5}"/><text class="tick" x="${round(label)}" y="${bottom + 18}" text-anchor="middle">${esc(text)}</text>${line}`;
  }).join("");
}

// Each label at the first place near its point where it covers no other.
function place(labels, { left, right, top, bottom }) {
  const taken = [];
  return labels.map((label) => {
    const w = textWidth(label.text, 11.5) + 6, h = 14;
    const spots = label.side ? [[4, 10], [-w, 10], [4, 24], [-w, 24]]
      : [[-w / 2, -8], [6, 4], [-w - 4, 4], [-w / 2, 20], [-w / 2, -22], [8, -14], [-w - 8, -14], [8, 18], [-w - 8, 18], [-w / 2, -36], [-w / 2, 34]];
    let spot = null;
    for (const [dx, dy] of spots) {
      const a = clamp(label.px + dx, left, right - w), b = clamp(label.py + dy, top - 2, bottom - 3);
      const box = [a, b - 11, a + w, b - 11 + h];
      if (taken.some((t) => box[0] < t[2] && box[2] > t[0] && box[1] < t[3] && box[3] > t[1])) continue;
      spot = [a, b, box];
      break;
    }
    if (!spot) return "";
    taken.push(spot[2]);
    return `<text class="label ${tone(label.style)}" x="${round(spot[0] + 3)}" y="${round(spot[1])}">${esc(label.text)}</text>`;
  }).join("");
}

// ---- saving

const PROPERTIES = ["fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-linecap", "stroke-linejoin", "opacity", "fill-opacity", "font-size", "font-weight", "font-family", "paint-order"];

function inlined(source) {
  const copy = source.cloneNode(true);
  const [from, to] = [source.querySelectorAll("*"), copy.querySelectorAll("*")];
  from.forEach((element, i) => {
    const style = getComputedStyle(element);
    for (const name of PROPERTIES) {
      const value = style.getPropertyValue(name);
      if (value) to[i].style.setProperty(name, value);
    }
  });
  return copy;
}

// The chart as a picture of its own: with its title, and with its legend below.
function picture(own, holder) {
  const drawn = holder.querySelector("svg");
  const root = holder.getRootNode();
  const style = getComputedStyle(holder);
  const ink = style.color, ground = getComputedStyle(holder.closest(".chart")).getPropertyValue("--st-background-color").trim() || "#fff";
  const { width, height } = own.scene;
  const body = inlined(drawn);
  body.querySelector(".pointer")?.remove();
  const entries = [...root.querySelectorAll('.entry[aria-pressed="true"]')];
  const perRow = Math.max(1, Math.floor(width / 330));
  const rows = Math.ceil(entries.length / perRow);
  const font = `font-family="${style.fontFamily.replace(/"/g, "'")}" font-size="12" fill="${ink}"`;
  const out = document.createElementNS(SVG, "svg");
  const total = height + 34 + rows * 22;
  for (const [name, value] of Object.entries({ xmlns: SVG, width, height: total, viewBox: `0 0 ${width} ${total}` })) out.setAttribute(name, value);
  out.innerHTML = `<rect width="100%" height="100%" fill="${ground}"/><text x="8" y="20" ${font} font-weight="600">${esc(own.data.title)}</text>`;
  body.setAttribute("y", 28);
  out.append(body);
  entries.forEach((entry, i) => {
    const symbol = inlined(entry.querySelector("svg"));
    const [px, py] = [8 + (i % perRow) * 330, height + 34 + Math.floor(i / perRow) * 22];
    symbol.setAttribute("x", px);
    symbol.setAttribute("y", py);
    const text = document.createElementNS(SVG, "g");
    text.innerHTML = `<text x="${px + 42}" y="${py + 10}" ${font}>${esc(entry.textContent)}</text>`;
    out.append(symbol, text);
  });
  return { text: new XMLSerializer().serializeToString(out), width, height: total };
}

function download(blob, name) {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

function saveSvg(own, holder) {
  download(new Blob([picture(own, holder).text], { type: "image/svg+xml" }), `${own.data.file}.svg`);
}

function savePng(own, holder) {
  const { text, width, height } = picture(own, holder);
  const image = new Image();
  image.onload = () => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 2 * width, height: 2 * height });
    const context = canvas.getContext("2d");
    context.scale(2, 2);
    context.drawImage(image, 0, 0);
    canvas.toBlob((blob) => download(blob, `${own.data.file}.png`), "image/png");
  };
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
}
