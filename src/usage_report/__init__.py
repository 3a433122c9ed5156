"""usage-report: exact usage statistics of video rooms, from the events of any platform."""

__version__ = "0.1.0"

#: Version of the metric definitions, part of every export. Raise it when the meaning of a figure
#: changes.
DEFINITIONS = 2
