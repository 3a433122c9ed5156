"""Adds the pages of ``docs`` to the package, which shows them in the app.

They are kept once, at the top of the repository; a wheel holds a copy. All else is in
``pyproject.toml``.
"""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithDocs(build_py):
    """Build the package with ``docs/**/*.md`` in its folder ``docs``."""

    def run(self) -> None:
        """Copy the pages. An editable package reads those of the repository."""
        super().run()
        if self.editable_mode:
            return
        source, target = Path("docs"), Path(self.build_lib, "usage_report", "docs")
        for page in source.rglob("*.md"):
            copy = target / page.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(page, copy)


setup(cmdclass={"build_py": BuildWithDocs})
