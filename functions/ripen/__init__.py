"""The domain of Ripen: lead nurturing as a pure function of an event ledger.

Nothing here knows AWS, the environment or the clock. Times are integers: milliseconds since the epoch, UTC.
"""
