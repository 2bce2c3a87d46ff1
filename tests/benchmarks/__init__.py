"""How fast the server is, beside a Strawberry server written as its documentation shows.

`python -m tests.benchmarks` from the repository's top runs it; `--help` lists its other forms.
"""
