"""Everything the harness raises on purpose: one tree, each with what to do next."""


class CrossoverError(Exception):
    """Root of the tree. ``str(error)`` is for people; ``hint`` says what to do next."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class UsageError(CrossoverError):
    """What was asked for cannot be done as asked: the command exits with 2."""


class UnknownName(UsageError):
    """A scenario, variant, server or option value that does not exist; the hint names the closest ones."""


class GuardianLost(CrossoverError):
    """The guardian process is gone: nothing can be started or stopped any more."""


class StartError(CrossoverError):
    """A process could not be brought to the point where it answers."""


class ProcessDied(StartError):
    """A process ended although it should run; the message carries its last log lines."""


class ServiceDied(CrossoverError):
    """PostgreSQL, the upstream or the generator ended in the middle of a run."""


class NotReady(StartError):
    """A process runs but did not answer in time."""


class Impostor(StartError):
    """Something answered on the port, but it is not the process that was started for this run."""


class DatabaseError(CrossoverError):
    """The workload's database cannot be used."""


class ForeignDatabase(DatabaseError):
    """The database holds tables the harness did not make: it is left untouched."""


class VerificationFailed(CrossoverError):
    """A contender does not do the work its card declares, so measuring it would be unfair."""


class LoadError(CrossoverError):
    """The load generator could not do its work."""


class RecordError(CrossoverError):
    """A stored run cannot be read: damaged, or of an unknown version."""
