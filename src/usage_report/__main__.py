"""``python -m usage_report``: the command line."""

from usage_report.cli.main import main

main()
