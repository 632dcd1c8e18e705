"""The exceptions this package raises on purpose.

Each message is one sentence or two that say what happened, to what, and what to do next; the
viewer's notice and the command line print it as it stands. Anything else that escapes is a defect.
"""


class SalientError(Exception):
    """Base of every error that a user can mend."""


class InputError(SalientError):
    """A file, folder or argument cannot be used; nothing was changed."""


class ProjectError(SalientError):
    """A labelling project cannot be opened, is held by someone else, or refuses a change."""


class RunError(SalientError):
    """A run cannot do what was asked: wrong state, unusable checkpoint, loss that is no number."""
