"""How much each setting of a search mattered, as SVG, drawn without a library: a bar for each, the most important first."""

from __future__ import annotations

from collections.abc import Mapping
from xml.sax.saxutils import escape

from hubel.core.language import say
from hubel.evaluate.curves import STYLE

NAMES, BARS, NUMBERS = 130, 360, 60
TOP, ROW, BAR, BOTTOM = 54, 30, 16, 46
WIDTH = NAMES + BARS + NUMBERS
MORE_STYLE = """
.name { fill: light-dark(#1c1e21, #ecebe7); } .track { fill: light-dark(#f1efe9, #262b31); }
.share { fill: light-dark(#17697a, #67c3d3); } .unsure { fill: light-dark(#a5abb4, #595e66); }
"""


def importance_svg(shares: Mapping[str, float], *, num_trials: int, enough: int) -> str:
    """The picture.

    Parameters
    ----------
    shares
        Of each setting, adding up to 1, the most important first.
    num_trials
        How many trials they stand on.
    enough
        From how many trials on they mean something; below, the bars are grey and the picture says so.

    Returns
    -------
    str
        A whole SVG file, in the user's language.
    """
    sure = num_trials >= enough
    height = TOP + ROW * len(shares) + BOTTOM
    title = say(en="How much each setting mattered (%)", ko="설정별 중요도(%)")
    parts = [
        f'<text class="title" x="16" y="22">{title}</text>',
        f'<text x="16" y="{height - 18}">{escape(basis(num_trials, enough))}</text>',
    ]
    for place, (name, share) in enumerate(shares.items()):
        top = TOP + ROW * place
        middle = top + BAR / 2 + 4
        parts += [
            f'<text class="name" x="{NAMES - 10}" y="{middle:.0f}" text-anchor="end">{escape(name)}</text>',
            f'<rect class="track" x="{NAMES}" y="{top}" width="{BARS}" height="{BAR}" rx="3"/>',
            f'<rect class="{"share" if sure else "unsure"}" x="{NAMES}" y="{top}" width="{BARS * share:.1f}" height="{BAR}" rx="3"/>',
            f'<text class="name" x="{NAMES + BARS + 10}" y="{middle:.0f}">{100 * share:.0f}</text>',
        ]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}">'
    return f"{head}<style>{STYLE}{MORE_STYLE}</style>{''.join(parts)}</svg>\n"


def basis(num_trials: int, enough: int) -> str:
    """What the shares stand on, and whether that is enough."""
    if num_trials >= enough:
        return say(
            en=f"{num_trials} trials: what the best quarter has in common",
            ko=f"시도 {num_trials}번에서 상위 4분의 1의 공통점",
        )
    return say(
        en=f"{num_trials} trials are too few for this to mean anything yet; from {enough} on it does",
        ko=f"시도 {num_trials}번으로는 아직 의미가 없습니다. {enough}번부터 의미가 있습니다",
    )
