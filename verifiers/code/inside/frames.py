"""Messages over a pipe: a tag of one byte, a length of four, then so many bytes of an encoded value."""

import os

from verifiers.code.inside.codec import MAX_BYTES, NotDataError, decode, encode


def send(descriptor: int, tag: bytes, value: object) -> None:
    data = encode(value)
    view = memoryview(tag + len(data).to_bytes(4, "big") + data)
    while view:
        view = view[os.write(descriptor, view) :]


def receive(descriptor: int) -> tuple[bytes, object]:
    """EOFError if the other side is gone, NotDataError if it sent something else."""
    head = exactly(descriptor, 5)
    size = int.from_bytes(head[1:], "big")
    if size > MAX_BYTES:
        raise NotDataError(f"a message of {size:,} bytes")
    return head[:1], decode(exactly(descriptor, size))


def exactly(descriptor: int, size: int) -> bytes:
    """So many bytes and not one more, so that what follows is left for others to read."""
    out = bytearray()
    while len(out) < size:
        chunk = os.read(descriptor, min(size - len(out), 1 << 20))
        if not chunk:
            raise EOFError
        out += chunk
    return bytes(out)
