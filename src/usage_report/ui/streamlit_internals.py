"""Everything here that relies on Streamlit beyond its documented interface, and the one patch.

An upgrade of Streamlit may change any of these without notice, so each has a test that fails then:
``tests/unit/test_streamlit_internals.py`` where nothing else is named.

* ``net_util.get_external_ip``, which asks another host for this machine's address; replaced by
  ``block_external_ip_lookup``.
* The help of a figure is a button named ``Help for …`` whose element of role ``tooltip`` holds its
  link (``head.js``; ``tests/browser/test_app.py``).
* ``data-testid`` attributes and ``st-key-…`` classes, by which ``style.css`` finds elements.
* ``--st-…`` variables in the style sheets of ``components`` (``tests/browser``: both colour
  schemes).
* The page that the server sends as HTML has one ``</head>``, before which ``head`` adds the style
  sheet, and ``window.__streamlit.BACKEND_BASE_URL``, the address of the server. Without it the
  frontend looks for the server below each page's own address first.
* ``data-tag-index`` on the chips of a multiselect, by which ``style.css`` colours them.
* Hidden options in ``.streamlit/config.toml``, such as ``runner.postScriptGC``.
* Modules that Streamlit imports late and ``warm`` imports early.
* A folder ``pages`` next to the main script is served without running that script; so ``main``
  has none next to it.
* A page of ``st.navigation`` has the same address as a file and as a function
  (``tests/pages/test_navigation.py``).
* The browser sends the values of all widgets with every click, those of replaced ones too, and the
  callback of a replaced widget runs with the value it was drawn with (``address``;
  ``tests/pages/test_date_range.py``).
* ``st.query_params.from_dict`` in a callback adds one step to the browser's history, and
  ``history.replaceState`` in ``copy_link.js`` adds none (``tests/browser/test_date_range.py``).
* *Clear cache* in Streamlit's menu calls ``on_release`` of ``cache.settings``
  (``tests/unit/test_cache.py``).
* Where the tab has an icon of its own, Streamlit does not fetch the icons of pages from another
  host for it (``tests/browser``: nothing leaves the machine).
"""

from __future__ import annotations

from streamlit import net_util


def block_external_ip_lookup() -> None:
    """Keep Streamlit from asking another host for this machine's address.

    It does so for the first browser that uses a host name other than localhost. Such names are
    allowed with ``server.corsAllowedOrigins``.
    """
    net_util.get_external_ip = lambda: None
