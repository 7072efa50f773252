"""HS3 documents (0.2.9), values in, values out: workspaces and spectra for pyhs3 and ROOT, and workspaces from them.

    documents = export(load("na64mu-zprime"))                  # file name → document
    document = to_hs3(workspace, name="mine")                  # a pyhf workspace as HS3
    workspace = read(Path("theirs.hs3.json").read_bytes())     # and back, from text; from_hs3(document) from a dict

`limits.formats.pyhf.write` writes the documents. Nothing here needs pyhs3.
"""

from limits.formats.hs3.exporting import export
from limits.formats.hs3.reading import from_hs3, read
from limits.formats.hs3.spectrum import spectrum_to_hs3
from limits.formats.hs3.writing import to_hs3

__all__ = ["export", "from_hs3", "read", "spectrum_to_hs3", "to_hs3"]
