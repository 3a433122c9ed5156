// One chart: Vega draws the specification; around it are a legend that switches series, figures under
// the pointer, and a menu of downloads. What is drawn, and every text, comes from render/charts.
//
// Two tab stops: the plot (arrow keys move from bucket to bucket) and the toolbar (legend and menu).

const SVG = "http://www.w3.org/2000/svg";
const state = new WeakMap();
const esc = (text) => String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
const round = (value) => Math.round(value * 100) / 100;
const clamp = (value, low, high) => Math.max(low, Math.min(value, high));

export default function (component) {
  const { data, parentElement } = component;
  let own = state.get(parentElement);
  if (!own) state.set(parentElement, (own = mount(parentElement.querySelector(".root"))));
  if (own.text !== data.chart) {
    own.text = data.chart;
    own.receive(JSON.parse(data.chart), data.vega);
  }
  return () => { own.close(); state.delete(parentElement); };
}

function mount(root) {
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
  const own = { hidden: new Set(), at: null, turn: 0, y: 0 };
  const [chart, bar, picture, probe, tip, menu, status] =
    [".chart", ".bar", ".picture", ".probe", ".tip", ".menu", "output"].map($);

  own.receive = ({ spec, dark }, vega) => {
    const { usermeta: meta, params, datasets } = spec;
    const names = meta.series.map((s) => s.name).join("\n");
    if (own.names !== names) own.hidden = new Set();
    const value = Object.fromEntries(params.map((param) => [param.name, param.value]));
    Object.assign(own, { spec, dark, names, meta, source: vega, boxes: datasets.boxes, time: value.time });
    chart.setAttribute("aria-label", meta.name);
    chart.setAttribute("aria-describedby", "description");
    $("#description").textContent = meta.description;
    // With the titles above and the time axis below: nothing moves when the picture arrives.
    picture.style.minHeight = `${spec.height + 54}px`;
    own.toolbar();
    own.draw();
  };

  own.draw = async () => {
    const turn = ++own.turn;
    const vega = await load(own.source);
    const width = Math.floor(picture.clientWidth);
    if (turn !== own.turn || !width) return;
    Object.assign(own, { dim: isDark(chart), width });
    const shape = shapeOf(own);
    // Putting new figures into a view takes a tenth of the time of making one.
    const view = own.shape === shape ? own.view : create(vega);
    for (const { name, value } of own.spec.params) if (value !== undefined) view.signal(name, value);
    for (const [name, rows] of Object.entries(own.spec.datasets)) view.data(name, rows);
    await view.signal("hidden", hiddenNames()).width(width).height(own.spec.height).resize().runAsync();
    if (turn !== own.turn) { if (view !== own.view) view.finalize(); return; }
    if (view !== own.view) {
      own.view?.finalize();
      Object.assign(own, { view, shape });
      picture.replaceChildren(view.container());
    }
    const svg = picture.querySelector("svg");
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", own.meta.name);
    place();
  };

  function create({ View, Warn, parse, compile, expressionInterpreter: expr }) {
    const spec = onPage(own.spec, own.dim ? own.dark : own.spec.config, own.width);
    const holder = document.createElement("div");
    const view = new View(parse(compile(spec).spec, null, { ast: true }), { expr, logLevel: Warn, renderer: "svg" });
    view.initialize(holder);
    for (const name of ["role", "aria-roledescription", "aria-label"]) holder.removeAttribute(name);
    return view;
  }

  const hiddenNames = () => [...own.hidden].map((i) => own.meta.series[i].name);

  function place() {
    const { view, boxes, spec, meta } = own;
    const { left, top } = view.padding();
    const [x, y] = view.origin();
    own.plot = { left: left + x, top: top + y, width: view.signal("width"), height: spec.height };
    probe.hidden = !boxes.length;
    for (const [name, value] of Object.entries(own.plot)) probe.style[name] = `${value}px`;
    probe.setAttribute("aria-label", `Figures of ${meta.name}`);
    probe.setAttribute("aria-valuemax", Math.max(0, boxes.length - 1));
    const at = clamp(own.at ?? boxes.length - 1, 0, Math.max(0, boxes.length - 1));
    speak(at);
    if (!tip.hidden) show(at);
  }

  // ---- the figures under the pointer

  const px = (ms) => own.plot.left + ((ms - own.time[0]) / (own.time[1] - own.time[0])) * own.plot.width;
  const rowsOf = (box) => own.meta.columns.filter((c) => box[c.field] && !own.hidden.has(c.series));

  function speak(i) {
    const box = own.boxes[i];
    probe.setAttribute("aria-valuenow", i);
    probe.setAttribute("aria-valuetext", box
      ? [box.when, box.note, ...rowsOf(box).map((c) => `${c.name} ${box[c.field]}`)].filter(Boolean).join(", ")
      : own.meta.description);
  }

  // The selection of the specification, as a pointer over box i would set it; null for none.
  function light(i) {
    const fields = own.view.signal("pointer_tuple_fields");
    own.view.signal("pointer_tuple", i === null ? null : { unit: "boxes", fields, values: [i] }).runAsync();
  }

  function show(i) {
    const box = own.boxes[i];
    if (!box || !own.view) return hide();
    own.at = i;
    speak(i);
    light(i);
    tip.innerHTML = `<b>${esc(box.when)}</b>${box.note ? `<em>${esc(box.note)}</em>` : ""}<div class="rows">${rowsOf(box).map((c) =>
      `<span class="key">${c.series === null || c.part ? "" : key(own.meta.series[c.series], c.series)}</span>` +
      `<span class="${c.part ? "part" : "whole"}">${esc(c.name)}</span><span class="figure">${esc(box[c.field])}</span>`).join("")}</div>`;
    tip.hidden = false;
    if (tip.showPopover) { tip.popover = "manual"; if (!tip.matches(":popover-open")) tip.showPopover(); }
    placeTip(px(box.x), px(box.x2));
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
    let down = clamp(stage.top + own.plot.top, 8, Math.max(8, innerHeight - height - 8));
    if (place === undefined) {
      const above = stage.top + own.plot.top - height - 6;
      const below = stage.top + own.plot.top + own.plot.height + 30;
      // A plot as tall as the window: at the end of the window that is farther from the finger.
      const far = own.y > innerHeight / 2 ? 8 : innerHeight - height - 8;
      down = above >= 8 ? above : below + height <= innerHeight - 8 ? below : far;
    }
    Object.assign(tip.style, { left: `${across}px`, top: `${down}px` });
  }

  function hide() {
    if (tip.hidden) return;
    if (tip.hidePopover && tip.matches(":popover-open")) tip.hidePopover();
    tip.hidden = true;
    light(null);
  }

  const nearest = (event) => {
    own.y = event.clientY;
    const at = event.clientX - picture.getBoundingClientRect().left;
    let low = 0, high = own.boxes.length - 1;
    while (low < high) { const middle = (low + high) >> 1; if (px(own.boxes[middle].x2) > at) high = middle; else low = middle + 1; }
    return low;
  };
  probe.onpointermove = (event) => { if (event.pointerType !== "mouse") return; const i = nearest(event); if (tip.hidden || i !== own.at) show(i); };
  // A tap shows the figures, and a tap elsewhere hides them: a finger has no hover to end.
  probe.onclick = (event) => { if (event.detail) show(nearest(event)); };
  probe.onpointerleave = (event) => { if (event.pointerType === "mouse") hide(); };
  probe.onfocus = () => { if (probe.matches(":focus-visible")) show(own.at ?? own.boxes.length - 1); };
  probe.onblur = hide;
  probe.onkeydown = (event) => {
    const last = own.boxes.length - 1;
    const at = own.at ?? last;
    const steps = { ArrowRight: at + 1, ArrowUp: at + 1, ArrowLeft: at - 1, ArrowDown: at - 1, PageUp: at + 7, PageDown: at - 7, Home: 0, End: last };
    if (event.key === "Escape" && !tip.hidden) { hide(); event.stopPropagation(); return; }
    if (!(event.key in steps)) return;
    event.preventDefault();
    show(clamp(steps[event.key], 0, last));
  };

  // ---- the toolbar: one tab stop, arrow keys inside

  own.toolbar = () => {
    const { series } = own.meta;
    const entries = series.map((s, i) => s.legend &&
      `<button type="button" class="entry" data-series="${i}" aria-pressed="${!own.hidden.has(i)}">${key(s, i)}<span>${esc(s.legend)}</span></button>`);
    const hasLegend = entries.some(Boolean);
    bar.setAttribute("aria-label", hasLegend ? "Series and downloads" : "Downloads");
    bar.innerHTML = `<div class="entries">${entries.filter(Boolean).join("")}</div>
      <button type="button" class="more" aria-haspopup="menu" aria-expanded="false" aria-label="Save the chart" title="Save the chart">
      <svg viewBox="0 0 24 24" aria-hidden="true"><path d="M12 4v11m-5-5 5 5 5-5M5 20h14"/></svg></button>`;
    bar.classList.toggle("bare", !hasLegend);
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
    own.view?.signal("hidden", hiddenNames()).runAsync();
  };

  const saves = { "Download PNG": () => savePng(own, chart), "Download SVG": () => saveSvg(own, chart), "Copy data": copy };
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
      await navigator.clipboard.writeText(own.meta.copy);
    } catch {
      const area = Object.assign(document.createElement("textarea"), { value: own.meta.copy });
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
    if (own.spec && picture.clientWidth && Math.floor(picture.clientWidth) !== own.width) { hide(); own.draw(); }
  });
  resized.observe(picture);
  // A change of the page's colours starts a transition of this element's.
  chart.ontransitionend = () => { if (own.spec && isDark(chart) !== own.dim) own.draw(); };
  own.close = () => {
    hide();
    own.turn += 1;
    own.view?.finalize();
    document.removeEventListener("pointerdown", elsewhere, true);
    removeEventListener("scroll", scrolled, true);
    resized.disconnect();
  };
  return own;
}

// ---- drawing

const load = (source) => import(new URL(source, window.__streamlit?.BACKEND_BASE_URL ?? document.baseURI).href);

// All of a chart but its figures and the width of the page.
function shapeOf({ spec, dim }) {
  const { title, description, usermeta, datasets, params, height, ...layers } = spec;
  return JSON.stringify([dim, layers]);
}

// The page shows the title and the legend itself.
function onPage(spec, config, width) {
  const { title, usermeta, ...drawn } = spec;
  return {
    ...drawn, width, autosize: { type: "fit-x", contains: "padding" },
    config: { ...config, background: "transparent", padding: 0, legend: { disable: true } },
  };
}

function isDark(element) {
  const [red, green, blue] = getComputedStyle(element).backgroundColor.match(/[\d.]+/g).map(Number);
  return 0.3 * red + 0.6 * green + 0.1 * blue < 128;
}

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
function key(series, i) {
  return `<svg class="s${i}" viewBox="0 0 34 12" width="34" height="12" aria-hidden="true">` +
    `<line class="line" x1="1" x2="33" y1="6" y2="6" stroke-width="2.25" stroke-dasharray="${series.dash}"/>` +
    `${shape(series.shape, 17, 6, 4, 'class="full"')}</svg>`;
}

// ---- saving

// The chart as a picture of its own: with its title above and its legend below.
async function pictureOf(own, chart) {
  const { color, backgroundColor, fontFamily } = getComputedStyle(chart);
  const drawn = new DOMParser().parseFromString(await own.view.toSVG(), "image/svg+xml").documentElement;
  const [width, height] = ["width", "height"].map((name) => Number(drawn.getAttribute(name)));
  const entries = [...chart.querySelectorAll('.entry[aria-pressed="true"]')];
  const perRow = Math.max(1, Math.floor(width / 330));
  const total = height + 34 + Math.ceil(entries.length / perRow) * 22;
  const font = `font-family="${fontFamily.replace(/"/g, "'")}" font-size="12" fill="${color}"`;
  const out = document.createElementNS(SVG, "svg");
  for (const [name, value] of Object.entries({ xmlns: SVG, width, height: total, viewBox: `0 0 ${width} ${total}` })) out.setAttribute(name, value);
  out.innerHTML = `<rect width="100%" height="100%" fill="${backgroundColor}"/><text x="8" y="20" ${font} font-weight="600">${esc(own.spec.title)}</text>`;
  drawn.setAttribute("y", 28);
  out.append(drawn);
  entries.forEach((entry, i) => {
    const [x, y] = [8 + (i % perRow) * 330, height + 34 + Math.floor(i / perRow) * 22];
    const text = document.createElementNS(SVG, "g");
    text.innerHTML = `<text x="${x + 42}" y="${y + 10}" ${font}>${esc(entry.textContent)}</text>`;
    out.append(keyOf(entry, x, y), text);
  });
  return { text: new XMLSerializer().serializeToString(out), width, height: total };
}

// The key of an entry with the colours that the style sheet gives it.
function keyOf(entry, x, y) {
  const source = entry.querySelector("svg"), copy = source.cloneNode(true);
  copy.setAttribute("x", x);
  copy.setAttribute("y", y);
  [...source.children].forEach((part, i) => {
    const style = getComputedStyle(part);
    for (const name of ["fill", "stroke"]) copy.children[i].setAttribute(name, style[name]);
  });
  return copy;
}

function download(blob, name) {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

async function saveSvg(own, chart) {
  const { text } = await pictureOf(own, chart);
  download(new Blob([text], { type: "image/svg+xml" }), `${own.meta.file}.svg`);
}

async function savePng(own, chart) {
  const { text, width, height } = await pictureOf(own, chart);
  const image = new Image();
  image.onload = () => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 2 * width, height: 2 * height });
    const context = canvas.getContext("2d");
    context.scale(2, 2);
    context.drawImage(image, 0, 0);
    canvas.toBlob((blob) => download(blob, `${own.meta.file}.png`), "image/png");
  };
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
}
