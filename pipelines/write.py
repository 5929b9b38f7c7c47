"""Write: labels in, five sentences with their evidence out.

Reads    judge: emotion, emotion_level, action_units; transcribe: transcript
Writes   sentences, sentence_sources, sentence_scores
Rejects  nothing of its own
"""

from dataclasses import dataclass

import pyarrow as pa

from pipelines.stage import Row, Stage, Work
from style2talker.corpus.schema import NUM_SENTENCES, WRITE_FIELDS
from style2talker.media.footage import Footage


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteConfig:
    count: int = NUM_SENTENCES


def make(config: WriteConfig, footage: Footage) -> Work:
    from style2talker.emotion.action_units import ActionUnit
    from style2talker.emotion.sentences import write_sentences

    def write(clip: Row) -> Row:
        sentences = write_sentences(
            clip_id=clip["clip_id"],
            emotion=clip["emotion"],
            level=clip["emotion_level"],
            action_units=[ActionUnit(**unit) for unit in clip["action_units"]],
            transcript=clip["transcript"],
            count=config.count,
        )
        return {
            "clip_id": clip["clip_id"],
            "sentences": [
                {
                    "text": sentence.text,
                    "evidence": [
                        {"kind": e.kind, "value": str(e.value), "words": e.words} for e in sentence.evidence
                    ],
                }
                for sentence in sentences
            ],
            "sentence_sources": ["grammar"] * len(sentences),
            "sentence_scores": None,
        }

    return write


STAGE = Stage(
    name="write",
    version=1,
    schema=pa.schema([pa.field("clip_id", pa.string(), nullable=False), *WRITE_FIELDS]),
    config=WriteConfig(),
    make=make,
    reads={"judge": ("emotion", "emotion_level", "action_units"), "transcribe": ("transcript",)},
    isolated=True,
    told=True,
)
