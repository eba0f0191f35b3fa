"""The domain of Ripen: pure functions that compute the state of each lead from its events.

No module imports an AWS library or reads the environment or the clock. Times are integers: milliseconds since the
epoch, UTC.
"""
