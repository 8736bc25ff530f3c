"""The HRA Cloud side: its JSON to and from `agent.employee`, and the calls that read and write it.

`mapping*` are pure; `client` is the Side; `listing` reads lists page by page; `actions` polls what
HRA does later.
"""
