// Remember the team of the address for the next visit; ui/frame.py reads the cookie.
(() => {
  const remember = () => {
    const team = new URLSearchParams(location.search).get("team");
    if (!team) return;
    document.cookie =
      `usage_report_team=${encodeURIComponent(team)}; path=/; max-age=31536000; samesite=lax`;
  };
  addEventListener("pagehide", remember);
  addEventListener("visibilitychange", remember);
})();

// Streamlit opens links of a text in another tab. Those between pages of the docs stay in this one.
addEventListener("click", (event) => {
  const link = event.target.closest?.('.st-key-docs a[href^="docs"]');
  if (link) link.target = "_self";
}, true);

// Tab does not reach the link in the help of a figure: Enter on its question mark follows it.
addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !event.target.closest?.('[aria-label^="Help for"]')) return;
  document.querySelector('[role="tooltip"] a')?.click();
}, true);
