"""A long run of one adapter at a simulated venue whose streams break all the time.

``python -m tests.soak`` runs it over real sockets; the test-suite, in virtual time too.
"""
