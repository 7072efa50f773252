"""Make the pictures of docs/how-to/draw.md: each is drawn by one command, then made small.

python scripts/make_pictures.py [NAME]...
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

FOLDER = Path(__file__).parents[1] / "docs" / "pictures"
COMMANDS = {
    "aprime": ("landscape", "aprime", "--plot"),
    "nuisances": ("fit", "microboone-trident", "--plot-kind", "nuisances", "--plot"),
    "hunt": ("scan", "bes3-alp", "--toys", "100", "--plot"),
}
WIDTH = 720
COLOURS = 32
LARGEST = 60_000


def main() -> None:
    for name in sys.argv[1:] or COMMANDS:
        with tempfile.TemporaryDirectory() as folder:
            made = Path(folder) / f"{name}.png"
            subprocess.run([sys.executable, "-m", "limits", *COMMANDS[name], str(made)], check=True)
            small(made, FOLDER / f"{name}.png")


def small(made: Path, path: Path) -> None:
    """The picture in few pixels and colours."""
    with Image.open(made) as picture:
        size = WIDTH, round(WIDTH * picture.height / picture.width)
        shrunk = picture.convert("RGB").resize(size, Image.Resampling.LANCZOS)
        few = shrunk.quantize(COLOURS, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
        few.save(path, optimize=True)
    print(f"{path}: {path.stat().st_size} bytes, {size[0]} × {size[1]}")
    if path.stat().st_size > LARGEST:
        raise SystemExit(f"{path}: more than {LARGEST} bytes")


if __name__ == "__main__":
    main()
