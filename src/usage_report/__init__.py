"""usage-report: exact usage statistics of video rooms, from the events of any platform."""

__version__ = "0.1.0"

#: Version of the metric definitions. It travels with every export; raise it when a number changes its meaning.
DEFINITIONS = 1
