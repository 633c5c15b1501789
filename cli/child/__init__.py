"""A model in a process of its own, asked line by line over a pipe; ``bench`` and ``compare`` do.

``process.py`` is the parent's side, ``serving.py`` the child's, ``article.py`` the model that the
article would have had there.
"""
