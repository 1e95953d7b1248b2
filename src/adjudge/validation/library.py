"""The statistics libraries of the extra ``adjudge[stats]``, behind one door that names the extra if they are missing.

They are large and slow to import, and a replay of verdicts is all that needs them: nothing here is imported before it
is used.
"""

import importlib
from types import ModuleType

from adjudge.errors import MissingError


def library(name: str) -> ModuleType:
    """The module `name` of scipy, statsmodels or scikit-learn.

    Raises:
        MissingError: the extra is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MissingError(
            f"The package {name.partition('.')[0]} is not installed.",
            "The statistics of judge validation are computed with scipy, statsmodels and scikit-learn.",
            "Install them: pip install 'adjudge[stats]'.",
        ) from error
