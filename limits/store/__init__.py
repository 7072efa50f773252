"""Results in a folder: what was computed once is not computed again, whatever stopped the run.

| module     | one idea                                                                                   |
|------------|--------------------------------------------------------------------------------------------|
| `contents` | what a folder is for: all that its results depend on, and the units of work they come in   |
| `payload`  | one result as bytes: JSON, or plain arrays (npz); never code                                |
| `index`    | SQLite beside the files: which unit is in which file; made again from the files if damaged |
| `folder`   | the folder itself: written whole or not at all, checked whenever it is read                |
| `filling`  | the units that are not there yet, done by an executor, each stored the moment it arrives   |
| `merging`  | folders of shards put together                                                             |

A result is a file that is named after its key and the sha256 of its bytes, so a file says of itself what it is and whether it is whole.
Two runs may fill one folder at once: equal keys have equal contents, and the first one written stays.
"""

from __future__ import annotations

from limits.store.contents import Contents
from limits.store.filling import WORK, Memory, Rescue, Store, Unfinished, Work, fill
from limits.store.folder import Folder, FolderError
from limits.store.merging import Merged, merge

__all__ = [
    "WORK",
    "Contents",
    "Folder",
    "FolderError",
    "Memory",
    "Merged",
    "Rescue",
    "Store",
    "Unfinished",
    "Work",
    "fill",
    "merge",
]
