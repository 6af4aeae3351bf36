"""The commands of ``kimp``, one file a group. Each group has ``add_commands(subparsers)``; each
command a function ``(arguments) -> exit code``."""
