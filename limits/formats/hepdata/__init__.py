"""HEPData submissions (schema 1.1.1) of scans, values in, values out; and the list that shows this tool beside a record.

    documents = submission(search, [scan], documents=likelihoods(search))      # file name → text or JSON
    listed = analyses([search], url="https://example.org/searches/{name}")     # "analyses JSON" 1.0.0

`limits.formats.pyhf.write` writes the files. Nothing here needs HEPData's own packages.
"""

from limits.formats.hepdata.listing import analyses, without_inspire
from limits.formats.hepdata.submitting import likelihoods, submission

__all__ = ["analyses", "likelihoods", "submission", "without_inspire"]
