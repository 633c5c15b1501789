"""``compare``: this way of answering beside the article's recipe, for a person to judge blind.

``messages.py`` reads what is answered, ``ways.py`` says how each way answers (``recipe.py`` is
what runs in the article's process), ``answers.py`` keeps it, ``pairs.py`` shuffles, ``judge.py``
asks the person, ``tally.py`` counts. ``session.py`` puts them together.
"""
