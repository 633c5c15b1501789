"""Where the model's weights come from: whatever the settings name becomes a folder to load."""

from __future__ import annotations

import hashlib
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from engine import bundled, folder, hub
from engine.bundled import CATALOG, Bundled
from engine.errors import ModelNotFound
from engine.progress import Progress
from engine.store import alone, built, is_whole, room_for, tidy

#: Raised whenever engine/convert.py makes something else of a file; what older ones made is redone.
CONVERTER_VERSION = 1
HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+", re.ASCII)
ALLOWED = (
    "allowed are bundled, bundled-small, a hub id such as Qwen/Qwen2.5-1.5B-Instruct, "
    "a local folder in the Hugging Face format, or a .gguf file"
)


@dataclass(frozen=True, slots=True)
class Weights:
    """A model on this machine's disk.

    Attributes:
        folder: In the Hugging Face format, for transformers' ``from_pretrained``.
        name: For people and for the audit log.
        fingerprint: Twelve hex digits that change with the weights, the tokenizer or the chat
            template, and with nothing else: not with the place or the date of the files. What was
            fitted to a model (a mood head) is good for this fingerprint only.
    """

    folder: Path
    name: str
    fingerprint: str


def locate(source: str, *, cache: Path, progress: Progress) -> Weights:
    """The weights that ``engine.model`` names; fetched and converted first where that is needed.

    Blocks, for minutes on the first run: to be called before the event loop starts. What is there
    already is used without network, and without writing to ``cache``.

    Raises:
        ModelNotFound: ``source`` names nothing, or it cannot be fetched or read.
        WeightsDamaged: The bytes are not what they should be.
        CacheUnusable: ``cache`` cannot be written, or its disk is full.
    """
    tidy(cache / "models")
    path = Path(source).expanduser()
    if source in CATALOG:
        return prepare(CATALOG[source], cache=cache, progress=progress)
    if path.is_dir():
        folder.check(path)
        return Weights(path, path.resolve().name, folder.fingerprint(path))
    if path.suffix.lower() == ".gguf":
        return _from_gguf(path, cache, progress)
    if path.exists():
        raise ModelNotFound(f"engine.model is {source!r}, a file that is no .gguf; {ALLOWED}")
    if HUB_ID.fullmatch(source):
        snapshot = hub.fetch(source, cache, progress)
        return Weights(snapshot, source, folder.fingerprint(snapshot))
    raise ModelNotFound(
        f"engine.model is {source!r}, taken for a local folder, but {path.absolute()} does not "
        f"exist; {ALLOWED}"
    )


def prepare(model: Bundled, *, cache: Path, progress: Progress) -> Weights:
    """A bundled model; see ``locate``."""
    target = cache / "models" / model.name
    fetched = cache / "fetched" / model.name
    made_from = _made_from(model)
    if not is_whole(target, made_from):
        with alone(target.parent, progress):
            if not is_whole(target, made_from):  # or else the process waited for has made it
                num_bytes = model.num_disk_bytes - bundled.num_bytes_kept(fetched)
                with room_for(cache, num_bytes, what=model.name):
                    source = bundled.fetch(model, fetched, progress)
                _convert(source, target, made_from, model.name, progress)
    shutil.rmtree(fetched, ignore_errors=True)  # also after a kill between the two
    return Weights(target, model.name, model.sha256[:12])


def _from_gguf(path: Path, cache: Path, progress: Progress) -> Weights:
    try:
        stat = path.stat()
        fingerprint = folder.digest_of([path])
    except OSError as error:
        raise ModelNotFound(
            f"engine.model is {str(path)!r}, taken for a GGUF file: {error.strerror}; {ALLOWED}"
        ) from None
    # By place, size and date: hashing the file would read all of its gigabytes at each start.
    # One folder a place, so that a newer file takes that of the older, not as much disk again.
    place = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]
    target = cache / "models" / f"{path.stem}-{place}"
    made_from = f"{stat.st_size} bytes of {stat.st_mtime_ns} ns, converter {CONVERTER_VERSION}"
    if not is_whole(target, made_from):
        with alone(target.parent, progress):
            if not is_whole(target, made_from):
                _convert(path, target, made_from, path.stem, progress)
    return Weights(target, path.stem, fingerprint)


def _convert(source: Path, target: Path, made_from: str, name: str, progress: Progress) -> None:
    with progress.task("Loading the converter", None):
        # Imports torch and transformers: seconds, spared where the weights are there already.
        from engine.convert import convert  # noqa: PLC0415
    with built(target, made_from) as empty:
        convert(source, empty, what=name, progress=progress)


def num_bytes_to_fetch(source: str, *, cache: Path) -> int:
    """Bytes that the first start would fetch; 0 where nothing is missing, or it is not known."""
    model = CATALOG.get(source)
    if model is None or is_whole(cache / "models" / model.name, _made_from(model)):
        return 0
    return model.num_bytes


def _made_from(model: Bundled) -> str:
    return f"sha256 {model.sha256}, converter {CONVERTER_VERSION}"
