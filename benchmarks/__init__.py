"""How fast it is: each folder is one scenario, with its property table in a README beside it.

Benchmarks measure and report; they assert nothing about time.
"""
