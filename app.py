"""The app of this repository: ``streamlit run app.py``, ``python app.py`` or ``uvicorn app:app``.

One worker process only: pages keep answers in memory. Streamlit listens on the address of
``.streamlit/config.toml``, uvicorn on the one it is given. An installed package runs the same
application with ``usage-report app``.
"""

import streamlit as st

from usage_report.cli.app import options

app = st.App(**options(is_served_by_streamlit=True))

if __name__ == "__main__":
    app.run()
