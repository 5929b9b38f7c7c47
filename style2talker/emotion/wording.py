"""How an action unit is put into English: the published table of wordings.

Every wording, a verb with what it moves, belongs to one unit alone (or to 1 and 2 together, the whole brow),
so that a sentence can be read back. Our own choice of words, after the names of the Facial Action Coding
System. Unit 45 (blink) has no wording: it is not an expression.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Kind = Literal["moves", "part", "bare"]
"""Somebody moves a part (raises the chin), a part moves (the jaw drops), or a verb says all (smiles)."""

FORMS: MappingProxyType[Kind, tuple[str, ...]] = MappingProxyType(
    {
        "moves": ("finite", "gerund", "absolute", "clause", "nominal"),
        "part": ("absolute", "clause"),
        "bare": ("finite", "gerund", "nominal"),
    }
)
"""finite: "slightly raises the chin"; gerund: "slightly raising the chin"; absolute: "the chin slightly
raised"; clause: "the chin is slightly raised"; nominal: "a slight raising of the chin"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """One way to say that units move.

    Attributes:
        units: FACS numbers, all of which it states.
        kind: which of `FORMS` it has.
        forms: moves: "raises", "raising", "raised"; part: "rises", "rise" (of several), "rising"; bare:
            "smiles", "smiling", "smile" (the noun).
        after: what the verb needs besides its object: pulls *up*, presses *together*.
        part: what moves; empty where the verb says it.
        part_one_side: the same on the "{side}"; None where there is no such thing.
        moods: the only emotions that it suits; empty: all.
    """

    units: tuple[int, ...]
    kind: Kind
    forms: tuple[str, str, str]
    after: str = ""
    part: str = ""
    part_one_side: str | None = None
    moods: tuple[str, ...] = ()

    @property
    def after_verb(self) -> str:
        """The part of `after` that stands before the object: pulls *up* the lip corners."""
        return f" {self.after}" if self.after in _PARTICLES else ""

    @property
    def after_object(self) -> str:
        """The part of `after` that stands behind it: presses the lips *together*."""
        return "" if self.after in ("", *_PARTICLES) else f" {self.after}"

    def moved(self, side: str) -> str:
        """What moves on `side`: "both", "left" or "right"."""
        return self.part if side == "both" else (self.part_one_side or "").format(side=side)


_PARTICLES = ("up", "down", "in", "out")


def is_plural(moved: str) -> bool:
    """Whether "are" follows: "the lids of the left eye", but "the left half of the lips"."""
    return moved.split(" of ")[0].endswith("s")


_VERBS = MappingProxyType(
    {
        word.split("/")[0]: word
        for word in (
            *("raises/raising/raised", "lifts/lifting/lifted", "lowers/lowering/lowered"),
            *("pulls/pulling/pulled", "draws/drawing/drawn", "pushes/pushing/pushed"),
            *("tightens/tightening/tightened", "narrows/narrowing/narrowed", "widens/widening/widened"),
            *("opens/opening/opened", "closes/closing/closed", "shuts/shutting/shut"),
            *("wrinkles/wrinkling/wrinkled", "scrunches/scrunching/scrunched"),
            *("crinkles/crinkling/crinkled", "bunches/bunching/bunched", "arches/arching/arched"),
            *("furrows/furrowing/furrowed", "knits/knitting/knitted", "screws/screwing/screwed"),
            *("curls/curling/curled", "dimples/dimpling/dimpled", "tucks/tucking/tucked"),
            *("turns/turning/turned", "puckers/puckering/puckered", "purses/pursing/pursed"),
            *("rounds/rounding/rounded", "stretches/stretching/stretched"),
            *("funnels/funnelling/funnelled", "flares/flaring/flared", "tenses/tensing/tensed"),
            *("stiffens/stiffening/stiffened", "presses/pressing/pressed", "clamps/clamping/clamped"),
            *("squeezes/squeezing/squeezed", "parts/parting/parted", "drops/dropping/dropped"),
            *("sucks/sucking/sucked", "rolls/rolling/rolled", "folds/folding/folded"),
        )
    }
)


def _of(units: Sequence[int], *lines: str) -> tuple[Wording, ...]:
    """Wordings from lines "verb [after] | part | part on one side"."""
    wordings = []
    for line in lines:
        verb, part, one_side = ([*(piece.strip() for piece in line.split("|")), "", ""])[:3]
        verb, _, after = verb.partition(" ")
        first, second, third = _VERBS[verb].split("/")
        wordings.append(
            Wording(
                units=tuple(units),
                kind="moves",
                forms=(first, second, third),
                after=after,
                part=f"the {part}",
                part_one_side=f"the {one_side}" if one_side else None,
            )
        )
    return tuple(wordings)


def _itself(unit: int, forms: str, part: str, one_side: str = "", after: str = "") -> Wording:
    first, second, third = forms.split("/")
    return Wording(
        units=(unit,),
        kind="part",
        forms=(first, second, third),
        after=after,
        part=f"the {part}",
        part_one_side=f"the {one_side}" if one_side else None,
    )


def _bare(unit: int, forms: str, *moods: str) -> Wording:
    first, second, third = forms.split("/")
    return Wording(units=(unit,), kind="bare", forms=(first, second, third), moods=moods)


_CORNERS = ("mouth corners", "{side} mouth corner")

WORDINGS: tuple[Wording, ...] = (
    *_of([1], "raises|inner brows", "lifts|inner eyebrows", "pulls up|inner ends of the brows"),
    *_of([1], "draws up|inner corners of the eyebrows"),
    *_of([2], "raises|outer brows|{side} outer brow", "lifts|outer eyebrows|{side} outer eyebrow"),
    *_of([2], "pulls up|outer ends of the brows|outer end of the {side} brow"),
    *_of([2], "draws up|outer corners of the eyebrows|outer corner of the {side} eyebrow"),
    *_of([1, 2], "raises|brows", "lifts|eyebrows", "pulls up|brows", "arches|eyebrows"),
    *_of(
        [4], "lowers|brows|{side} brow", "draws down|eyebrows|{side} eyebrow", "furrows|brow", "knits|brows"
    ),
    _bare(4, "frowns/frowning/frown", "angry", "disgusted", "fear", "sad"),
    *_of([5], "raises|upper eyelids|{side} upper eyelid", "lifts|upper lids|{side} upper lid"),
    *_of([5], "widens|eyes|{side} eye", "opens wide|eyes|{side} eye"),
    *_of([6], "raises|cheeks|{side} cheek", "lifts|cheeks|{side} cheek", "bunches|cheeks|{side} cheek"),
    *_of([6], "pushes up|cheeks|{side} cheek"),
    _itself(6, "rises/rise/rising", "cheeks", "{side} cheek"),
    *_of([7], "tightens|eyelids|lids of the {side} eye", "narrows|eyes|{side} eye"),
    *_of([7], "screws up|eyes|{side} eye", "tenses|lower lids|lower lid of the {side} eye"),
    _bare(7, "squints/squinting/squint"),
    *_of([9], "wrinkles|nose|{side} side of the nose", "scrunches up|nose|{side} side of the nose"),
    *_of([9], "crinkles|bridge of the nose|{side} side of the nose"),
    _itself(9, "wrinkles/wrinkle/wrinkling", "nose", "{side} side of the nose"),
    *_of(
        [10], "raises|upper lip|{side} side of the upper lip", "curls|upper lip|{side} side of the upper lip"
    ),
    *_of([10], "lifts|upper lip|{side} side of the upper lip"),
    _itself(10, "rises/rise/rising", "upper lip", "{side} side of the upper lip"),
    *_of([12], "pulls up|lip corners|{side} lip corner", "raises|mouth corners|{side} mouth corner"),
    *_of([12], "lifts|corners of the mouth|{side} corner of the mouth"),
    *_of([12], "draws up|corners of the lips|{side} corner of the lips"),
    _itself(12, "rises/rise/rising", *_CORNERS),
    _bare(12, "smiles/smiling/smile", "happy"),
    *_of([14], "dimples|mouth corners|{side} mouth corner", "dimples|cheeks|{side} cheek"),
    *_of([14], "tucks in|lip corners|{side} lip corner"),
    *_of([14], "tightens|corners of the mouth|{side} corner of the mouth"),
    *_of([15], "pulls down|lip corners|{side} lip corner", "turns down|mouth corners|{side} mouth corner"),
    *_of([15], "lowers|corners of the mouth|{side} corner of the mouth"),
    _itself(15, "droops/droop/drooping", *_CORNERS),
    _itself(15, "sinks/sink/sinking", "corners of the lips", "{side} corner of the lips"),
    *_of([16], "pulls down|lower lip|{side} side of the lower lip"),
    *_of([16], "lowers|bottom lip|{side} side of the bottom lip"),
    *_of([16], "draws down|lower lip|{side} side of the lower lip"),
    _itself(16, "sinks/sink/sinking", "bottom lip", "{side} side of the bottom lip"),
    *_of([17], "raises|chin", "pushes up|chin", "puckers|chin", "bunches|chin"),
    _itself(17, "wrinkles/wrinkle/wrinkling", "chin"),
    *_of([18], "puckers|lips", "purses|lips", "rounds|mouth", "purses|mouth"),
    *_of([20], "stretches|lips|{side} half of the lips", "draws sideways|mouth|{side} half of the mouth"),
    *_of([20], "widens|mouth|{side} half of the mouth", "pulls wide|lips|{side} half of the lips"),
    _itself(20, "stretches/stretch/stretching", "mouth", "{side} half of the mouth"),
    *_of([22], "funnels|lips", "pushes forward|lips", "flares|lips", "pushes out|mouth"),
    *_of([23], "tightens|lips", "tenses|mouth", "narrows|lips", "stiffens|lips"),
    *_of([24], "presses together|lips|{side} half of the lips"),
    *_of([24], "squeezes together|lips|{side} half of the lips"),
    *_of([24], "clamps shut|mouth|{side} half of the mouth", "presses shut|mouth|{side} half of the mouth"),
    *_of([25], "parts|lips", "opens|lips"),
    _itself(25, "part/part/parting", "lips"),
    *_of([26], "drops|jaw", "lowers|jaw", "opens|mouth"),
    _itself(26, "falls/fall/falling", "jaw"),
    _itself(26, "drops/drop/dropping", "jaw"),
    *_of([28], "sucks in|lips", "rolls in|lips", "draws in|lips", "folds inward|lips"),
    *_of([43], "closes|eyes|{side} eye", "shuts|eyes|{side} eye", "lowers|eyelids|lids of the {side} eye"),
    _itself(43, "closes/close/closing", "eyes", "{side} eye"),
)

SALIENCE = (12, 4, 1, 2, 5, 15, 9, 10, 26, 20, 24, 43, 17, 6, 7, 14, 22, 18, 23, 28, 16, 25)
"""In which order units of equal level are named: what a viewer notices first comes first. Our own judgement:
smile, brows, wide eyes and drooping mouth before the small movements of lips and lids."""
