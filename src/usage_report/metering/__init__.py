"""The metering core: pure functions from events to facts. No SQL, no clock, no files.

``fold``   one session's events -> its spans (plain Python: the rules of same instants, cascades and silence)
``cut``    many sessions' spans -> what each did in each quarter of an hour (numpy)
``sweep``  quarters of many sessions -> facts of the team (numpy)
``facts``  the shape of facts, and how they merge into longer buckets
"""
