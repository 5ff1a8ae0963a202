"""How far texts on a page stand out from what is behind them, as WCAG 2 counts it."""

from __future__ import annotations

from headless_browser import Browser

_PAINTED = """((selector) => {
    const paint = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
    const behind = (one) => {
        const found = [];
        for (; one; one = one.parentElement) found.unshift(getComputedStyle(one).backgroundColor);
        return found;
    };
    const bytes = (colours) => {
        paint.clearRect(0, 0, 1, 1);
        for (const colour of colours) {
            paint.fillStyle = colour;
            paint.fillRect(0, 0, 1, 1);
        }
        return [...paint.getImageData(0, 0, 1, 1).data].slice(0, 3);
    };
    const shown = (one) => one.checkVisibility() && one.textContent.trim();
    return [...document.querySelectorAll(selector)].filter(shown).map((one) => {
        const back = behind(one);
        return [one.textContent.slice(0, 30), bytes([...back, getComputedStyle(one).color]), bytes(back)];
    });
})"""


def faint_texts(page: Browser, selector: str, *, least: float = 4.5) -> tuple[int, list[str]]:
    """How many visible elements with a text there are, and the texts of those whose contrast is below `least`."""
    painted = page.run(f"{_PAINTED}({selector!r})")
    return len(painted), [text for text, front, back in painted if contrast(front, back) < least]


def contrast(front: list[int], back: list[int]) -> float:
    """The contrast ratio of two sRGB colours."""
    light, dim = sorted((_luminance(front), _luminance(back)), reverse=True)
    return (light + 0.05) / (dim + 0.05)


def _luminance(colour: list[int]) -> float:
    shares = [part / 255 for part in colour]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
