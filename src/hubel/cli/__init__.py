"""The command line: words typed at a terminal become calls of `workflows`, and events become lines.

In: arguments, standard input. Out: lines for people on stderr and stdout, JSON and CSV for machines on stdout, an exit code.
Never: mathematics, a traceback where a sentence would do, or a verb that no user needs.
"""
