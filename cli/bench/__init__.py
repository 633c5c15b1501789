"""``bench``: contenders on the same weights, one process each, measured in turns in one run.

``contender.py`` says who they are, ``run.py`` starts, asks and interleaves them, ``own.py``,
``recipe.py`` and ``llamacpp.py`` are what runs in their processes, ``figures.py`` reckons.
"""
