"""Several witnesses of one clip: what they say together, and how much they contradict each other.

Witnesses of one modality hear or see the same thing with the same blind spots, so each modality has one vote,
the mean of its witnesses. A vote is believed as far as its modality can be trusted: with the rest of the
trust it says nothing (discounting, Shafer 1976, chapter 11). The votes are then taken for independent and
multiplied. So no witness can veto, however sure it is, and one that has nothing to say changes nothing.

What is said tells what somebody feels only if it speaks of feelings: a calm sentence can be shouted. So
words never vote for neutral: beyond the mean of the emotions, what they give to it is spread evenly.

Axes: M modalities, E = 8 emotions in the order of `taxonomy.EMOTIONS`.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np

from style2talker.emotion.opinion import Modality
from style2talker.emotion.taxonomy import EMOTIONS

OTHERS = "others"
Pair = tuple[str, str]
"""Two modalities, or `label` and `OTHERS`."""
TRUST: Mapping[Modality, float] = {"face": 0.9, "picture": 0.6, "voice": 0.5, "words": 0.5, "label": 0.8}
"""The share of a modality's answers that is taken to be more than noise. Set by what each can know, not
fitted: the face's answer is right in most acted clips, a small voice model's in about half, and an actor who
was asked for an emotion does not always show it."""
_NEUTRAL = EMOTIONS.index("neutral")


def votes_of(answers: Sequence[tuple[Modality, np.ndarray]]) -> dict[Modality, np.ndarray]:
    """One vote [E] for each modality that answered, in the order of `TRUST`."""
    votes = {}
    for modality in TRUST:
        answered = [np.asarray(answer_e, np.float64) for m, answer_e in answers if m == modality]
        if answered:
            vote_e = np.mean(answered, axis=0)
            if modality == "words":
                vote_e[_NEUTRAL] = min(vote_e[_NEUTRAL], np.delete(vote_e, _NEUTRAL).mean())
                vote_e += (1 - vote_e.sum()) / len(EMOTIONS)
            votes[modality] = vote_e / vote_e.sum()
    return votes


def together(votes: Mapping[Modality, np.ndarray]) -> np.ndarray:
    """[E], what all of them say; uniform without votes."""
    log_e = np.zeros(len(EMOTIONS))
    for modality, vote_e in votes.items():
        log_e += np.log(TRUST[modality] * vote_e + (1 - TRUST[modality]) / len(EMOTIONS))
    joint_e = np.exp(log_e - log_e.max())
    return joint_e / joint_e.sum()


def sureness(vote_e: np.ndarray) -> float:
    """0 for a vote that says nothing, 1 for one without doubt: 1 minus its entropy over the largest."""
    known_e = vote_e[vote_e > 0]
    return float(1 + (known_e * np.log(known_e)).sum() / np.log(len(EMOTIONS)))


def conflict(one_e: np.ndarray, other_e: np.ndarray) -> float:
    """In [0, 1]: 0 where the votes are alike or one of them says nothing, 1 where two sure ones exclude each
    other. The Hellinger distance squared, times the geometric mean of their sureness."""
    distance = 1 - float(np.sqrt(one_e * other_e).sum())
    return float(np.clip(distance * np.sqrt(sureness(one_e) * sureness(other_e)), 0.0, 1.0))


def conflicts(votes: Mapping[Modality, np.ndarray]) -> dict[Pair, float]:
    """Of every pair of modalities, in the order of `TRUST`; of the label with all others together."""
    seen: dict[Modality, np.ndarray] = {each: vote_e for each, vote_e in votes.items() if each != "label"}
    found: dict[Pair, float] = {(a, b): conflict(seen[a], seen[b]) for a, b in combinations(seen, 2)}
    if seen and "label" in votes:
        found["label", OTHERS] = conflict(votes["label"], together(seen))
    return found


def agreement(votes: Mapping[Modality, np.ndarray]) -> float | None:
    """1 minus the worst conflict; None where there are not two to compare."""
    found = conflicts(votes)
    return 1 - max(found.values()) if found else None
