"""The front desk: one file for each group of commands, and the only place that prints or shows progress.

Help must answer at once, so what a command is made of is imported inside it, once it runs: at the top of these files
stand only typer, the options and the standard library.
"""
