"""Baseline of ``page``: the smallest Streamlit app with a chart, one line over 365 days."""

import numpy as np
import pandas as pd
import streamlit as st

days = pd.date_range("2025-01-01", periods=365, tz="UTC")
st.title("Hello")
st.line_chart(
    pd.DataFrame({"day": days, "minutes": np.sin(np.arange(365) / 9) + 2}), x="day", y="minutes"
)
