"""How an action unit is put into English: what moves, and the verbs for it.

Every wording belongs to one unit alone, so that a sentence can be read back. Our own choice of words, after
the FACS names. Unit 45 (blink) has no wording: it is not an expression.
"""

from dataclasses import dataclass
from types import MappingProxyType

from style2talker.emotion.action_units import ActionUnit
from style2talker.errors import UserError


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """One verb in three forms. `after` follows the object: presses the lips *together*."""

    finite: str
    gerund: str
    participle: str
    after: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """What moves, on both sides or on one, and the verbs that say how."""

    moved: str
    moved_one_side: str | None
    verbs: tuple[Verb, ...]

    @property
    def is_plural(self) -> bool:
        return self.moved.endswith("s")


def _verb(forms: str, after: str = "") -> Verb:
    finite, gerund, participle = forms.split("/")
    return Verb(finite=finite, gerund=gerund, participle=participle, after=after)


_RAISE, _LIFT = _verb("raises/raising/raised"), _verb("lifts/lifting/lifted")
_LOWER, _TIGHTEN = _verb("lowers/lowering/lowered"), _verb("tightens/tightening/tightened")
_PULL_UP, _DRAW_UP = _verb("pulls/pulling/pulled", "up"), _verb("draws/drawing/drawn", "up")
_PULL_DOWN, _DRAW_DOWN = _verb("pulls/pulling/pulled", "down"), _verb("draws/drawing/drawn", "down")
_WRINKLE, _SCRUNCH = _verb("wrinkles/wrinkling/wrinkled"), _verb("scrunches/scrunching/scrunched", "up")
_DIMPLE, _TUCK = _verb("dimples/dimpling/dimpled"), _verb("tucks/tucking/tucked", "in")
_PUCKER, _PURSE = _verb("puckers/puckering/puckered"), _verb("purses/pursing/pursed")
_STRETCH, _DRAW_WIDE = _verb("stretches/stretching/stretched"), _verb("draws/drawing/drawn", "sideways")
_FUNNEL, _PUSH_OUT = _verb("funnels/funnelling/funnelled"), _verb("pushes/pushing/pushed", "forward")
_PRESS = _verb("presses/pressing/pressed", "together")
_SQUEEZE = _verb("squeezes/squeezing/squeezed", "together")


def _movement(moved: str, one_side: str | None, *verbs: Verb) -> Movement:
    return Movement(moved=moved, moved_one_side=one_side, verbs=verbs)


MOVEMENTS = MappingProxyType(
    {
        1: _movement("the inner brows", None, _RAISE, _LIFT),
        2: _movement("the outer brows", "the {side} outer brow", _RAISE, _LIFT),
        4: _movement("the brows", "the {side} brow", _LOWER, _DRAW_DOWN),
        5: _movement("the upper eyelids", "the {side} upper eyelid", _RAISE, _LIFT),
        6: _movement("the cheeks", "the {side} cheek", _RAISE, _LIFT),
        7: _movement(
            "the eyelids", "the lids of the {side} eye", _TIGHTEN, _verb("narrows/narrowing/narrowed")
        ),
        9: _movement("the nose", "the {side} side of the nose", _WRINKLE, _SCRUNCH),
        10: _movement("the upper lip", "the {side} side of the upper lip", _RAISE, _LIFT),
        12: _movement("the lip corners", "the {side} lip corner", _PULL_UP, _DRAW_UP),
        14: _movement("the mouth corners", "the {side} mouth corner", _DIMPLE, _TUCK),
        15: _movement(
            "the lip corners", "the {side} lip corner", _PULL_DOWN, _verb("turns/turning/turned", "down")
        ),
        16: _movement("the lower lip", "the {side} side of the lower lip", _PULL_DOWN, _DRAW_DOWN),
        17: _movement("the chin", None, _RAISE, _verb("pushes/pushing/pushed", "up")),
        18: _movement("the lips", None, _PUCKER, _PURSE),
        20: _movement("the lips", "the {side} half of the lips", _STRETCH, _DRAW_WIDE),
        22: _movement("the lips", None, _FUNNEL, _PUSH_OUT),
        23: _movement("the lips", None, _TIGHTEN, _verb("tenses/tensing/tensed")),
        24: _movement("the lips", "the {side} half of the lips", _PRESS, _SQUEEZE),
        25: _movement("the lips", None, _verb("parts/parting/parted"), _verb("opens/opening/opened")),
        26: _movement("the jaw", None, _verb("drops/dropping/dropped"), _LOWER),
        28: _movement(
            "the lips", None, _verb("sucks/sucking/sucked", "in"), _verb("rolls/rolling/rolled", "in")
        ),
        43: _movement(
            "the eyes", "the {side} eye", _verb("closes/closing/closed"), _verb("shuts/shutting/shut")
        ),
    }
)

FORMS = ("finite", "gerund", "absolute", "passive")


def phrase(unit: ActionUnit, *, form: str, verb: int, adverb: str) -> str:
    """The unit in one of `FORMS`, with the adverb in it.

    finite: "slightly raises the chin"; gerund: "slightly raising the chin"; absolute: "the chin slightly
    raised"; passive: "the chin is slightly raised".

    Args:
        verb: index into the unit's verbs, taken modulo their number.

    Raises:
        UserError: a unit, or a one-sided unit, without a wording.
    """
    movement = MOVEMENTS.get(unit.unit)
    if movement is None or (unit.side != "both" and movement.moved_one_side is None):
        raise UserError(
            f"action unit to write: got {unit.unit} ({unit.name}), expected one of "
            f"{', '.join(map(str, MOVEMENTS))}, one-sided only where the unit has sides; leave it out"
        )
    chosen = movement.verbs[verb % len(movement.verbs)]
    if unit.side == "both":
        moved, is_plural = movement.moved, movement.is_plural
    else:
        moved = (movement.moved_one_side or "").format(side=unit.side)
        is_plural = moved.startswith("the lids")
    after = f" {chosen.after}" if chosen.after else ""
    match form:
        case "finite":
            return f"{adverb} {chosen.finite} {moved}{after}"
        case "gerund":
            return f"{adverb} {chosen.gerund} {moved}{after}"
        case "absolute":
            return f"{moved} {adverb} {chosen.participle}{after}"
        case "passive":
            return f"{moved} {'are' if is_plural else 'is'} {adverb} {chosen.participle}{after}"
    raise UserError(
        f"form of a phrase: got {form!r}, expected one of {', '.join(FORMS)}; correct the template"
    )
