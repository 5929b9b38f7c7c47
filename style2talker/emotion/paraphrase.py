"""Paraphrase: a language model puts a sentence in other words, and is believed only as far as it can be read.

The model gets a finished sentence, not the labels: what it may say is already said. Its answer counts if
`emotion.parse`, which knows the published vocabulary only, finds exactly the claims of the sentence in it and
not one word that may claim anything else; otherwise the grammar's sentence stands. Small models fail that
often (they add a smile, a gender, a reason); how often, `sentence_sources` tells.
"""

import re
from collections.abc import Sequence
from itertools import islice

from style2talker.answers import Answers, prompt_sha256
from style2talker.emotion.evidence import Evidence, Sentence, unit_code
from style2talker.emotion.language_model import MOST_TOKENS, LanguageModel
from style2talker.emotion.parse import parse_sentence, violations
from style2talker.emotion.selection import MOST_SHARED, shared

PROMPT_VERSION = 1
PROMPT = """\
Put the sentence below in other words.
- Keep each of these phrases exactly, letter by letter: {phrases}.
- Use plain words for the rest: person, speaker, talk, say, look, seem, appear, show, while, as, with, clip.
- Add nothing: no other feeling, no movement of the face or body, no voice, no he or she, no reason.
Answer with one sentence and nothing else. For example, "{shown}" may become "{told}".

Sentence: {sentence}
"""
_SHOWN = "The person is calm and slightly raises the chin while speaking."
_TOLD = "Throughout the clip one sees someone calm, who slightly raises the chin."
_LONGEST = 400
_ONE_SENTENCE = re.compile(r"[^\W\d_][^\d_.!?\"“”*#()\[\]<>/|]*\.")


class Paraphraser:
    """Sentences in other words, where the model finds some.

    Args:
        model: a `LocalModel` or an `Endpoint`.
        answers: where its answers are kept.
    """

    def __init__(self, model: LanguageModel, answers: Answers) -> None:
        self._model, self._answers = model, answers

    def __call__(self, clips: Sequence[tuple[str, Sequence[Sentence]]]) -> list[list[tuple[Sentence, str]]]:
        """For each clip (its id, its sentences without quotation) the sentences, each with its author.

        The author is the model's name, or "grammar" where its sentence stands. No two of a clip's sentences
        share more than half of their content words, before or after.
        """
        prompts = [(clip_id, prompt_of(sentence)) for clip_id, sentences in clips for sentence in sentences]
        said = iter(self._ask(prompts))
        return [
            _replaced(sentences, list(islice(said, len(sentences))), self._model.name)
            for _, sentences in clips
        ]

    def _ask(self, prompts: Sequence[tuple[str, str]]) -> list[str]:
        weights = self._model.weights_sha256
        hashes = [prompt_sha256(str(PROMPT_VERSION), str(MOST_TOKENS), prompt) for _, prompt in prompts]
        said: dict[int, str] = {}
        for place, (clip_id, _) in enumerate(prompts):
            kept = self._answers.get(weights, hashes[place], clip_id)
            if isinstance(kept, str):
                said[place] = kept
        missing = [place for place in range(len(prompts)) if place not in said]
        for place, answer in zip(missing, self._model([prompts[place][1] for place in missing]), strict=True):
            said[place] = self._answers.put(weights, hashes[place], prompts[place][0], answer)
        return [said[place] for place in range(len(prompts))]


def prompt_of(sentence: Sentence) -> str:
    """What the model is asked."""
    phrases = dict.fromkeys(entry.words[0].lower() + entry.words[1:] for entry in sentence.evidence)
    return PROMPT.format(phrases="; ".join(phrases), sentence=sentence.text, shown=_SHOWN, told=_TOLD)


def verified(answer: str, sentence: Sentence) -> Sentence | None:
    """The answer as a sentence with evidence of its own, or None where it is not exactly the sentence's."""
    text = " ".join(answer.split()).strip("\"'“”` ")
    if len(text) > _LONGEST or not _ONE_SENTENCE.fullmatch(text) or _words(text) == _words(sentence.text):
        return None
    text = text[0].upper() + text[1:]
    found = parse_sentence(text)
    if found.evidence() != {(entry.kind, entry.value) for entry in sentence.evidence}:
        return None
    evidence = (
        *(
            Evidence(kind="emotion", value=f"{found.emotion} level {found.level}", words=words)
            for words in found.emotion_words
        ),
        *(
            Evidence(
                kind="action_unit", value=unit_code(claim.unit, claim.side, claim.level), words=claim.words
            )
            for claim in found.units
        ),
    )
    return None if violations(text, evidence) else Sentence(text=text, evidence=evidence)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def _replaced(sentences: Sequence[Sentence], said: Sequence[str], name: str) -> list[tuple[Sentence, str]]:
    """Each sentence, or its paraphrase if that is true and differs enough from the others as they are now."""
    now = [(sentence, "grammar") for sentence in sentences]
    for place, answer in enumerate(said):
        paraphrase = verified(answer, sentences[place])
        if paraphrase is None:
            continue
        others = [other.text for at, (other, _) in enumerate(now) if at != place]
        if all(shared(paraphrase.text, other) <= MOST_SHARED for other in others):
            now[place] = (paraphrase, name)
    return now
