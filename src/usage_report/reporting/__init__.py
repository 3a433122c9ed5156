"""From a typed question to a report. All read SQL of reports is in this package; pages go through ``ui.cache``."""
