"""The venues' keys: what each is for, where they are kept, and what the venue says of them.

Secrets are held in :class:`exchanges.credentials.Credentials` and shown by nothing here: no repr,
no log line and no error carries one.
"""
