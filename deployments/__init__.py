"""How the desk runs: command line, supervisor, Prefect deployments, workers."""

import os

# Prefect reports usage to its makers unless told not to, and says so on the terminal when it is
# imported; a desk tells nobody what it does. An operator's own setting stays.
os.environ.setdefault("DO_NOT_TRACK", "1")
