"""*Reconcile*: our figures against the vendor's own, in total and by day, with what most likely explains a difference."""

import streamlit as st

from usage_report.ui import reconcile
from usage_report.ui.frame import page

frame = page("Reconcile")
with frame.guard():
    view = reconcile.pick(frame)
    if view is None:
        reconcile.invite(frame)
    else:
        found = reconcile.answer(frame, view)
        with st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
        ):
            reconcile.headline(view, found)
            reconcile.share(found)
        reconcile.chosen(view, found)
        st.subheader("Every metric in total", anchor=False)
        reconcile.totals(found)
frame.footer()
