"""What a GGUF file says about itself: its fields, and where each tensor lies.

gguf's own GGUFReader makes a numpy view of every token and merge of the vocabulary (300,000 of
them): 7.4 s and 500 MB for the smaller bundled model, before a single weight is read. This reader
steps over such lists and is done in 0.1 s; the kinds of quantisation and their sizes still come
from gguf.
"""

from __future__ import annotations

import math
import mmap
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gguf import GGML_QUANT_SIZES, GGUF_DEFAULT_ALIGNMENT, GGMLQuantizationType

from engine.errors import ModelNotFound, WeightsDamaged

Value = int | float | bool | str

VERSIONS = (2, 3)
STRING, ARRAY = 8, 9
#: Field type of the format → struct code; all are little-endian.
SCALARS = {
    0: "B",
    1: "b",
    2: "H",
    3: "h",
    4: "I",
    5: "i",
    6: "f",
    7: "?",
    10: "Q",
    11: "q",
    12: "d",
}


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """One tensor of the file.

    Attributes:
        shape: In torch's order, rows first.
        kind: A ``GGMLQuantizationType``.
        offset: Bytes from the start of the file.
        num_bytes: As stored, that is quantised.
    """

    name: str
    shape: tuple[int, ...]
    kind: GGMLQuantizationType
    offset: int
    num_bytes: int

    @property
    def num_elements(self) -> int:
        return math.prod(self.shape)


@dataclass(frozen=True, slots=True)
class Header:
    """Fields and tensors of one file. An array field is given by its length alone."""

    path: Path
    fields: Mapping[str, Value]
    tensors: Mapping[str, StoredTensor]

    @property
    def architecture(self) -> str:
        return str(self.fields.get("general.architecture", "unknown"))


def read_header(path: Path) -> Header:
    """The header of a GGUF file.

    Raises:
        ModelNotFound: The file cannot be opened, or is no GGUF file that can be read here.
        WeightsDamaged: The header breaks off, or the file is shorter than its tensors.
    """
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _parse(path, _Cursor(data), len(data))
    except OSError as error:
        raise ModelNotFound(f"cannot read the GGUF file {path}: {error.strerror}") from None
    except (struct.error, ValueError, KeyError, ArithmeticError) as error:
        raise WeightsDamaged(
            f"the header of the GGUF file {path} cannot be read ({error}); "
            f"the file is cut short or damaged: fetch it again"
        ) from None


class _Cursor:
    """Reads the format's values one after the other."""

    def __init__(self, data: mmap.mmap) -> None:
        self._data = data
        self.position = 0

    def numbers(self, codes: str) -> tuple[int, ...]:
        values = struct.unpack_from(f"<{codes}", self._data, self.position)
        self.position += struct.calcsize(f"<{codes}")
        return values

    def number(self, code: str) -> int:
        return self.numbers(code)[0]

    def text(self) -> str:
        length = self.number("Q")
        start, self.position = self.position, self.position + length
        if self.position > len(self._data):
            raise ValueError(f"a text of {length} bytes at byte {start} reaches past the end")
        return self._data[start : self.position].decode()

    def value(self) -> Value:
        kind = self.number("I")
        if kind == STRING:
            return self.text()
        return self._array() if kind == ARRAY else self.number(SCALARS[kind])

    def _array(self) -> int:
        kind, length = self.numbers("IQ")
        if kind != STRING:
            self.position += length * struct.calcsize(SCALARS[kind])
            return length
        for _ in range(length):
            # Not the same as `position += 8 + number`, which reads the old position first.
            num_bytes = self.number("Q")
            self.position += num_bytes
        return length


def _parse(path: Path, cursor: _Cursor, file_size: int) -> Header:
    magic, version = cursor.numbers("II")
    if magic.to_bytes(4, "little") != b"GGUF":
        raise ModelNotFound(f"{path} is no GGUF file: it does not start with the letters GGUF")
    if version not in VERSIONS:
        raise ModelNotFound(
            f"{path} is a GGUF file of version {version}, or big-endian; "
            f"versions {VERSIONS}, little-endian, can be read"
        )
    num_tensors, num_fields = cursor.numbers("QQ")
    fields = {cursor.text(): cursor.value() for _ in range(num_fields)}
    table = [_tensor_entry(cursor) for _ in range(num_tensors)]
    alignment = int(fields.get("general.alignment", GGUF_DEFAULT_ALIGNMENT))
    start = -(-cursor.position // alignment) * alignment
    tensors = {name: _stored(name, dims, kind, start + at) for name, dims, kind, at in table}
    end = max((t.offset + t.num_bytes for t in tensors.values()), default=start)
    if end > file_size:
        raise WeightsDamaged(
            f"the GGUF file {path} is cut short: its tensors end at byte {end}, "
            f"the file at {file_size}; fetch it again"
        )
    return Header(path, fields, tensors)


def _tensor_entry(cursor: _Cursor) -> tuple[str, tuple[int, ...], int, int]:
    name = cursor.text()
    dims = cursor.numbers(f"{cursor.number('I')}Q")
    kind, offset = cursor.numbers("IQ")
    return name, dims, kind, offset


def _stored(name: str, dims: tuple[int, ...], kind: int, offset: int) -> StoredTensor:
    quantisation = GGMLQuantizationType(kind)
    block, block_bytes = GGML_QUANT_SIZES[quantisation]
    # The format writes the fastest moving dimension first, torch last.
    shape = tuple(reversed(dims))
    return StoredTensor(name, shape, quantisation, offset, math.prod(shape) // block * block_bytes)
