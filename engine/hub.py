"""A model from a hub, by its id. ``HF_ENDPOINT`` names the hub: many in China need a mirror."""

from __future__ import annotations

import os
from contextlib import suppress
from fnmatch import fnmatch
from pathlib import Path

from huggingface_hub import HfApi, ModelInfo, constants, snapshot_download
from huggingface_hub.errors import GatedRepoError, LocalEntryNotFoundError, RepositoryNotFoundError
from huggingface_hub.utils.tqdm import disable_progress_bars

from engine.errors import EngineError, ModelNotFound
from engine.folder import check
from engine.progress import Progress
from engine.store import alone, room_for, watched

ANSWER_WITHIN_S = 5.0
#: No pickles, which can run code when they are loaded; no subfolders, which hold other formats.
WANTED = ["*.json", "*.jinja", "*.model", "model*.safetensors", "merges.txt"]
UNWANTED = ["*/*"]


def fetch(repo: str, cache: Path, progress: Progress) -> Path:
    """Folder with a revision of ``repo`` that is on this machine already, else the newest.

    A copy that another program left in the hub's own cache serves as well, unchanged.

    Raises:
        ModelNotFound: The hub cannot be reached within seconds, or has no such model to give.
        WeightsDamaged: What it gave is not whole.
        CacheUnusable: ``cache`` cannot be written, or its disk is full.
    """
    root = cache / "hub"
    for place in (root, Path(constants.HF_HUB_CACHE)):
        # A download that was broken off may look the same to the library; `check` tells.
        with suppress(LocalEntryNotFoundError, EngineError):
            return _snapshot(repo, place, on_this_machine=True)
    with alone(root, progress):
        num_bytes = _num_bytes(repo)
        with (
            room_for(root, num_bytes, what=repo),
            progress.task(f"Fetching {repo}", num_bytes or None, "B") as advance,
            watched(lambda: _num_fetched(root, repo), advance),
        ):
            return _snapshot(repo, root)


def _endpoint() -> str:
    # Asked for at each call: the library reads it only once, when it is imported.
    return (os.environ.get("HF_ENDPOINT") or constants.ENDPOINT).rstrip("/")


def _snapshot(repo: str, place: Path, *, on_this_machine: bool = False) -> Path:
    disable_progress_bars()
    try:
        path = snapshot_download(
            repo,
            cache_dir=place,
            endpoint=_endpoint(),
            allow_patterns=WANTED,
            ignore_patterns=UNWANTED,
            local_files_only=on_this_machine,
        )
    except Exception as error:
        if on_this_machine or (isinstance(error, OSError) and error.errno is not None):
            raise  # nothing there, or trouble with the disk
        raise _out_of_reach(repo, error) from error
    check(Path(path))
    return Path(path)


def _num_bytes(repo: str) -> int:
    """Bytes to fetch, 0 where a mirror does not tell; asked first, because it answers quickly."""
    wanted = {
        file.rfilename: file.size or 0
        for file in _info(repo).siblings or ()
        if "/" not in file.rfilename and any(fnmatch(file.rfilename, w) for w in WANTED)
    }
    if not any(name.endswith(".safetensors") for name in wanted):
        raise ModelNotFound(
            f"{repo} holds no model*.safetensors (pickled weights and GGUF are not fetched from a "
            f"hub); choose another repository, or give the path of a GGUF file"
        )
    return sum(wanted.values())


def _info(repo: str) -> ModelInfo:
    try:
        api = HfApi(_endpoint())
        return api.model_info(repo, files_metadata=True, timeout=ANSWER_WITHIN_S)
    except GatedRepoError:
        raise ModelNotFound(
            f"{repo} is gated: accept its terms at {_endpoint()}/{repo}, then set HF_TOKEN"
        ) from None
    except RepositoryNotFoundError:
        raise ModelNotFound(
            f"{_endpoint()} has no model {repo} (or a private one: set HF_TOKEN), and here is no "
            f"folder of that name; engine.model may be another hub id, a folder, or bundled"
        ) from None
    except Exception as error:  # httpx's own tree, under a name that changed between versions
        raise _out_of_reach(repo, error) from error


def _out_of_reach(repo: str, error: Exception) -> ModelNotFound:
    return ModelNotFound(
        f"cannot get {repo} from {_endpoint()} ({type(error).__name__}: {error}). Ways out: set "
        f"HF_ENDPOINT to a mirror that you can reach; fetch the model elsewhere and set "
        f"engine.model to its folder; or set engine.model to bundled"
    )


def _num_fetched(root: Path, repo: str) -> int:
    num_bytes = 0
    with suppress(OSError):  # files get their final names while this looks at them
        for file in (root / f"models--{repo.replace('/', '--')}" / "blobs").iterdir():
            num_bytes += file.stat().st_size
    return num_bytes
