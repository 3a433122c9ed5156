// Two buttons that copy the address of this view. On arrival, this also completes the address bar:
// a view that was opened by a link belongs to the history entry of that link, so its full address
// replaces the link's there, and Back returns to where the reader came from. Views that a user picks
// are added to the history by the server.

const timers = new WeakMap();

export default function (component) {
  const { data, parentElement } = component;
  const $ = (id) => parentElement.querySelector(id);
  const url = (query) => `${location.origin}${location.pathname}${query && "?"}${query}`;

  if (data.arrive && location.search !== `?${data.arrive}`) {
    history.replaceState(history.state, "", `${location.pathname}?${data.arrive}${location.hash}`);
  }

  const status = $("output");
  const announce = (text) => {
    status.textContent = text;
    clearTimeout(timers.get(parentElement));
    timers.set(parentElement, setTimeout(() => (status.textContent = ""), 6000));
  };

  async function copy(query, done) {
    const text = url(query);
    try {
      await navigator.clipboard.writeText(text);
      return announce(done);
    } catch {
      // No permission, or not https: try execCommand, then show the link, selected.
    }
    const field = document.createElement("textarea");
    field.value = text;
    field.style.cssText = "position:fixed;opacity:0";
    document.body.append(field);
    field.select();
    let ok = false;
    try { ok = document.execCommand("copy"); } catch { /* ok stays false */ }
    field.remove();
    if (ok) return announce(done);
    clearTimeout(timers.get(parentElement));
    const hand = document.createElement("input");
    hand.readOnly = true;
    hand.value = text;
    hand.ariaLabel = "Link";
    status.replaceChildren("Copy this link: ", hand);
    hand.select();
  }

  const rolling = $("#rolling"), fixed = $("#fixed");
  rolling.hidden = !data.rolling;
  rolling.title = data.rolling_help ?? "";
  fixed.title = data.fixed_help;
  fixed.querySelector("span").textContent = data.fixed_label;
  rolling.querySelector("span").textContent = data.rolling_label;
  rolling.onclick = () => copy(data.rolling, `Copied. ${data.rolling_help}`);
  fixed.onclick = () => copy(data.fixed, `Copied. ${data.fixed_help}`);
  return () => clearTimeout(timers.get(parentElement));
}
