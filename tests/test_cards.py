"""Cards for links: the right size, and text that fits."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from yuanliu import cards


def test_card_is_a_picture_of_the_size_that_networks_want() -> None:
    drawn = Image.open(io.BytesIO(cards.card("標題 Title", "時期", "作者", 2)))
    assert (drawn.size, drawn.format) == ((1200, 630), "PNG")
    wanted = [int(cards.era_colour(2)[n : n + 2], 16) for n in (1, 3, 5)]
    pixels = np.asarray(drawn.convert("RGB")).reshape(-1, 3).astype(int)
    assert np.abs(pixels - wanted).sum(axis=1).min() < 12


def test_every_character_of_traditional_chinese_has_a_glyph() -> None:
    font = ImageFont.truetype(cards.font_file("Bold"), 40)

    def drawn(char: str) -> bytes:
        image = Image.new("L", (60, 60))
        ImageDraw.Draw(image).text((5, 0), char, font=font, fill=255)
        return image.tobytes()

    missing = drawn("\U0010ffff")
    assert all(drawn(char) != missing for char in "從反向傳播到強化學習的權重與損失函數裡")


@pytest.mark.parametrize(
    "text",
    ["一二三四五六七，八九十，「甲乙丙」丁戊己庚辛（壬癸）。", "plain words that go on and on"],
)
def test_lines_fit_and_none_begins_with_a_closing_mark(text: str) -> None:
    font = ImageFont.truetype(cards.font_file("Regular"), 40)
    lines = cards.wrap(text, font, 210)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert len(lines) > 2
    for line in lines:
        assert font.getlength(line) <= 260  # one hanging mark is allowed
        assert line[0] not in cards.NO_START
