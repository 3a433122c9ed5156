"""Events in, facts up to date: the order of the steps, and who runs them.

Owns the pipeline, the write queue of the API, the worker, sample data and the pull from vendors.
May import ``storage``, ``sources``, ``metering``, ``demo``, ``core``.
Does not own SQL or reports.
"""

__all__ = ["pipeline", "pull", "sample", "sample_vendor", "teams", "worker", "write_queue"]
