"""What a PDF file says of itself: who made it, and of what."""

from __future__ import annotations

import re

_TRAILER = re.compile(
    rb"trailer\s*<<\s*/Size (?P<size>\d+)\s*/Root (?P<root>\d+ 0 R)\s*/Info (?P<info>\d+) 0 R\s*>>\s*"
    rb"startxref\s*(?P<at>\d+)\s*%%EOF\s*\Z"
)


def with_subject(document: bytes, said: str) -> bytes:
    """With a new entry of information, appended as an update of the file (ISO 32000-2, 7.5.6), so that nothing that
    was written moves."""
    found = _TRAILER.search(document)
    assert found is not None, "the PDF ends in another way than svg2pdf ends it"
    number = found["info"].decode()
    base = document if document.endswith(b"\n") else document + b"\n"
    subject = b"\xfe\xff" + said.encode("utf-16-be", "replace")
    info = f"{number} 0 obj\n<< /Creator (manyfew) /Subject <{subject.hex()}> >>\nendobj\n".encode()
    table = f"xref\n{number} 1\n{len(base):010d} 00000 n\r\n".encode()
    trailer = (
        f"trailer\n<< /Size {found['size'].decode()} /Root {found['root'].decode()} /Info {number} 0 R "
        f"/Prev {found['at'].decode()} >>\nstartxref\n{len(base) + len(info)}\n%%EOF\n"
    ).encode()
    return base + info + table + trailer
