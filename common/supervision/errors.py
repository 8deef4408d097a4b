"""Why an installation cannot start or go on. The text is shown to the operator as it is and says what to do."""


class CannotStart(Exception):
    """Something on this machine stands in the way. What was started before it was noticed is stopped again."""


class StopRequested(Exception):
    """The operator asked to stop (Ctrl-C or SIGTERM) while we were waiting for something."""
