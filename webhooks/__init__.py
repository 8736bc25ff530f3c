"""The eSS hook: a signed doorbell. Verified, parsed, stored as one row, answered; the record
is read elsewhere.
"""
