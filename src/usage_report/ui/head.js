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
