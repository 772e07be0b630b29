"""Cards that social networks show for a link, drawn at build time: 1200 by 630 pixels."""

from __future__ import annotations

import io
import re
import zlib
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from PIL import Image, ImageColor, ImageDraw, ImageFont

WIDTH, HEIGHT, MARGIN = 1200, 630, 80
SHADES = 5  # of each ink, from the paper to itself: 16 colours, two pixels a byte
SHADE = [round(cover / 255 * SHADES) for cover in range(256)]  # of a pixel that ink covers so far
PAPER, INK, QUIET = "#f6f4ef", "#1f2430", "#5b6270"
STYLE = Path(__file__).with_name("theme") / "assets/yuanliu.css"
FONTS = {"Regular": "cvttf_NotoSansCJK_Regular", "Bold": "cvttf_NotoSansCJK_Bold"}
NO_START = "、。，：；！？）」』》〉·,.;:!?)"  # no line begins with these


def font_file(style: str) -> Path:
    """The file of Noto Sans CJK TC that a data package brings; ``style`` as in ``FONTS``.

    Raises:
        ModuleNotFoundError: when the package is not installed.
    """
    spec = find_spec(FONTS[style])
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"the font package '{FONTS[style]}' is missing: run make serve")
    return Path(spec.origin).with_name(f"NotoSansCJKtc-{style}.otf")


@cache
def era_colour(era: int) -> str:
    """The colour of the era with that number, from 1, as the style sheet has it for light pages."""
    style = STYLE.read_text(encoding="utf-8")
    colours = dict(re.findall(r"--yl-era-(\d): (#\w{6});", style[: style.index("slate")]))
    return colours[str((era - 1) % len(colours) + 1)]


@cache
def _font(style: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(font_file(style), size)


def card(title: str, above: str, below: str, era: int) -> bytes:
    """A card as PNG: a kicker, the title in at most three lines, a line at the foot.

    Args:
        era: which colour, from 1.
    """
    inks = era_colour(era), INK, QUIET
    image = Image.new("P", (WIDTH, HEIGHT), 0)  # number 0 is the paper
    image.putpalette([value for colour in _palette(inks) for value in colour])

    def write(x: float, y: float, text: str, font: ImageFont.FreeTypeFont, ink: int) -> None:
        across, down = int(x), int(y)
        *_, right, bottom = font.getbbox(text)
        mask = Image.new("L", (round(right) + 2, round(bottom) + 2))
        ImageDraw.Draw(mask).text((x - across, y - down), text, font=font, fill=255)
        number = mask.point([ink * SHADES + shade for shade in SHADE])
        image.paste(number, (across, down), mask.point([255 * (shade > 0) for shade in SHADE]))

    image.paste(SHADES, (0, 0, 24, HEIGHT))
    write(MARGIN, 80, above, _font("Regular", 34), 0)
    room = WIDTH - 2 * MARGIN
    for size in (76, 64, 54, 46):
        lines = wrap(title, _font("Bold", size), room)
        if len(lines) <= 3:
            break
    for number, line in enumerate(lines[:3]):
        write(MARGIN, 150 + number * size * 1.35, line, _font("Bold", size), 1)
    write(MARGIN, HEIGHT - 110, below, _font("Regular", 32), 2)
    out = io.BytesIO()
    image.save(out, "PNG", compress_type=zlib.Z_RLE)  # long runs: smaller, and twice as fast
    return out.getvalue()


def _palette(inks: tuple[str, ...]) -> list[tuple[int, ...]]:
    """The paper, then each ink from its lightest shade to itself."""
    paper = ImageColor.getrgb(PAPER)
    return [paper] + [
        tuple(
            round(light + (dark - light) * level / SHADES)
            for light, dark in zip(paper, ink, strict=True)
        )
        for ink in map(ImageColor.getrgb, inks)
        for level in range(1, SHADES + 1)
    ]


def wrap(text: str, font: ImageFont.FreeTypeFont, room: float) -> list[str]:
    """``text`` in lines of at most ``room`` pixels, broken between words or characters."""
    pieces: list[str] = []
    for char in text:
        joins = pieces and (
            char in NO_START or not (_breaks(char) or _breaks(pieces[-1][-1]) or char == " ")
        )
        if joins:
            pieces[-1] += char
        else:
            pieces.append(char)
    lines = [""]
    for piece in pieces:
        if lines[-1] and font.getlength((lines[-1] + piece).rstrip()) > room:
            lines.append("")
        lines[-1] += piece if lines[-1] else piece.lstrip()
    return [line.rstrip() for line in lines]


def _breaks(char: str) -> bool:
    return char == " " or ord(char) >= 0x2E80
