"""The app of this repository: ``streamlit run app.py``, ``python app.py`` or ``uvicorn app:app``.

One worker process only: pages keep answers in memory. An installed package runs the same
application with ``usage-report app``.
"""

import streamlit as st

from usage_report.cli.app import options

app = st.App(**options())

if __name__ == "__main__":
    app.run()
