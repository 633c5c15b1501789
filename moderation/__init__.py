"""Groups whose mood is watched: evidence, points, steps. Knows nothing of torch, wechaty or SQL."""
