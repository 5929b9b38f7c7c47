"""The corpus contract: what a row of `clips`, `frames` and `rejects` is. Defined here and nowhere else.

Axes: T video frames at 25 Hz, K coefficients, W words, S five sentences, M mel steps at 80 Hz, N nets,
E = 8 emotions in the order of emotion.taxonomy.EMOTIONS, R unit readings, see emotion.action_units.
"""

import pyarrow as pa

SCHEMA_VERSION = 3
FRAME_RATE_HZ = 25
AUDIO_RATE_HZ = 16_000
FRAME_SIZE_PX = 256
NUM_SENTENCES = 5

_rows = pa.list_(pa.list_(pa.float32()))  # a matrix, outer axis first

SOURCE_FIELDS = [
    pa.field("clip_id", pa.string(), nullable=False),  # hash of source bytes, span and track
    pa.field("source_id", pa.string(), nullable=False),  # sha256 of the source's bytes
    pa.field("source_uri", pa.string(), nullable=False),  # relative to the card's root
    pa.field("audio_uri", pa.string()),  # where the speech lies in a file of its own; null: in the video
    pa.field("start_s", pa.float64(), nullable=False),
    pa.field("end_s", pa.float64(), nullable=False),
    pa.field("speaker", pa.string(), nullable=False),
    pa.field(
        "split", pa.string(), nullable=False
    ),  # train, val or test; by hash of the speaker unless the card says
    pa.field("licence", pa.string(), nullable=False),
    pa.field("commercial_use", pa.bool_(), nullable=False),
    pa.field("redistribution", pa.bool_(), nullable=False),  # may the clip be passed on
    pa.field("consent", pa.string(), nullable=False),
    pa.field("given_emotion", pa.string()),  # the dataset's own label: a witness, not the truth
    pa.field("given_level", pa.int32()),
    pa.field("source_rate_hz", pa.float64(), nullable=False),  # average video frame rate of the source
    pa.field("source_width_px", pa.int32(), nullable=False),
    pa.field("source_height_px", pa.int32(), nullable=False),
    pa.field("source_audio_rate_hz", pa.int32(), nullable=False),
]

TRACK_FIELDS = [
    pa.field("num_frames", pa.int32(), nullable=False),
    pa.field("face_found", pa.list_(pa.bool_()), nullable=False),  # [T]
    pa.field("blendshapes", _rows, nullable=False),  # [T, 52] in the order of face.model.EXPRESSION_NAMES
    pa.field(
        "crop", _rows, nullable=False
    ),  # [T, 3] centre x, centre y, side of the crop square in source px
    pa.field("picture_hash", pa.int64()),  # of the middle frame, see media.fingerprint; null before version 2
]

FIT_FIELDS = [
    pa.field("face_model", pa.string(), nullable=False),
    pa.field("face_model_sha256", pa.string(), nullable=False),
    pa.field("identity", pa.list_(pa.float32()), nullable=False),  # [K_id]
    pa.field("expression", _rows, nullable=False),  # [T, K_exp]
    pa.field("rotation", _rows, nullable=False),  # [T, 3] pitch, yaw, roll in radians
    pa.field(
        "translation", _rows, nullable=False
    ),  # [T, 3] x px, y px, px per model unit, in the 256 px crop
    pa.field(
        "fit_error", pa.list_(pa.float32()), nullable=False
    ),  # [T] mean landmark distance / interocular distance
]

SYNC_FIELDS = [
    pa.field("sync_offset_frames", pa.float32()),  # sound later than picture is positive; null: not known
    pa.field("sync_confidence", pa.float32()),  # in [0, 1]
    pa.field("audio_shift_s", pa.float64()),  # by how much the sound was taken later than the pictures
]

HEAR_FIELDS = [
    pa.field(
        "audio", pa.struct([("bytes", pa.binary()), ("path", pa.string())]), nullable=False
    ),  # FLAC, 16 kHz mono
    pa.field("mel", _rows, nullable=False),  # [M, 80] log-mel, see media.mel
    pa.field(
        "voiced", pa.list_(pa.struct([("start_s", pa.float64()), ("end_s", pa.float64())])), nullable=False
    ),
    pa.field("pitch_hz", pa.list_(pa.float32()), nullable=False),  # [T], 0 where unvoiced
    pa.field("energy_db", pa.list_(pa.float32()), nullable=False),  # [T], dB relative to full scale
    pa.field("audio_hash", pa.list_(pa.int32())),  # [N] at 20 Hz, see media.fingerprint; null before v2
]

TRANSCRIBE_FIELDS = [
    pa.field("transcript", pa.string(), nullable=False),
    pa.field("language", pa.string(), nullable=False),
    pa.field(
        "words",
        pa.list_(
            pa.struct(
                [
                    ("word", pa.string()),
                    ("start_s", pa.float64()),
                    ("end_s", pa.float64()),
                    ("probability", pa.float32()),
                ]
            )
        ),
        nullable=False,
    ),
    pa.field("words_per_s", pa.float32(), nullable=False),
    pa.field(
        "hearing",
        pa.struct(
            [
                ("voiced_share", pa.float32()),
                ("no_speech", pa.float32()),
                ("log_probability", pa.float32()),
                ("compression", pa.float32()),
                ("kept", pa.bool_()),
            ]
        ),
    ),  # the measures of the guard against made-up words: the worst segment's; kept: all of it was believed
]

SEE_FIELDS = [
    pa.field("net_names", pa.list_(pa.string())),  # [N]
    pa.field("net_probability", _rows),  # [N, E]
    pa.field("unit_readings", _rows),  # [R, 2] left and right, raw
    pa.field(
        "picture",
        pa.struct([("brightness", pa.float32()), ("contrast", pa.float32()), ("sharpness", pa.float32())]),
    ),
]

JUDGE_FIELDS = [
    pa.field("emotion", pa.string(), nullable=False),  # one of emotion.taxonomy.EMOTIONS
    pa.field("emotion_level", pa.int32(), nullable=False),  # 1, 2 or 3
    pa.field("emotion_probability", pa.list_(pa.float32()), nullable=False),  # [E]
    pa.field(
        "action_units",
        pa.list_(
            pa.struct(
                [
                    ("unit", pa.int32()),
                    ("name", pa.string()),
                    ("intensity", pa.float32()),
                    ("level", pa.string()),
                ]
            )
        ),
        nullable=False,
    ),  # the active ones, by FACS number; level is low, middle or high
    pa.field(
        "opinions",
        pa.list_(
            pa.struct(
                [
                    ("name", pa.string()),
                    ("modality", pa.string()),
                    ("probability", pa.list_(pa.float32())),
                    ("measures", pa.list_(pa.struct([("name", pa.string()), ("value", pa.float32())]))),
                    ("text", pa.string()),
                ]
            )
        ),
    ),  # every witness: the face, each annotator, the data set's label; probability is [E] or null
    pa.field("agreement", pa.float32()),  # of the witnesses, in [0, 1]
    pa.field("confidence", pa.float32()),  # that `emotion` is right, calibrated
    pa.field("flags", pa.list_(pa.string())),  # of emotion.flags.FLAGS
    pa.field(
        "corrected", pa.struct([("author", pa.string()), ("time_utc", pa.string())])
    ),  # by whom; null: the models say it
]

WRITE_FIELDS = [
    pa.field(
        "sentences",
        pa.list_(
            pa.struct(
                [
                    ("text", pa.string()),
                    (
                        "evidence",
                        pa.list_(
                            pa.struct([("kind", pa.string()), ("value", pa.string()), ("words", pa.string())])
                        ),
                    ),
                ]
            )
        ),
        nullable=False,
    ),  # S of them; evidence: kind is emotion, action_unit or transcript, words is the phrase that states it
    pa.field("sentence_sources", pa.list_(pa.string())),  # [S] "grammar", or the model that paraphrased it
    pa.field("sentence_scores", pa.list_(pa.float32())),  # [S] of the selection, the higher the better
]

LABEL_FIELDS = [
    pa.field(
        "provenance",
        pa.list_(
            pa.struct(
                [
                    ("stage", pa.string()),
                    ("version", pa.int32()),
                    ("config_sha256", pa.string()),
                    ("weights", pa.string()),
                ]
            )
        ),
        nullable=False,
    ),  # one entry per stage; weights is "name@sha256" joined by spaces
]

_speech = {field.name: field for field in (*HEAR_FIELDS, *TRANSCRIBE_FIELDS)}
CLIPS = pa.schema(
    [
        *SOURCE_FIELDS,
        *TRACK_FIELDS,
        *FIT_FIELDS,
        *SYNC_FIELDS,
        # in the order of schema 2, in which one stage made them all: a shard's columns never move
        *(_speech[name] for name in ("audio", "mel", "voiced", "transcript", "language", "words")),
        *(_speech[name] for name in ("pitch_hz", "energy_db", "words_per_s", "audio_hash", "hearing")),
        *SEE_FIELDS,
        *JUDGE_FIELDS,
        *WRITE_FIELDS,
        *LABEL_FIELDS,
    ],
    metadata={"style2talker.schema_version": str(SCHEMA_VERSION)},
)
FRAMES = pa.schema(
    [
        pa.field("clip_id", pa.string(), nullable=False),
        pa.field("jpeg", pa.list_(pa.binary()), nullable=False),  # [T] the crop as 256 x 256 JPEG
    ],
    metadata={"style2talker.frames_version": "1"},  # its own: a new label must not rewrite the pictures
)
REJECTS = pa.schema(
    [
        pa.field("source_uri", pa.string(), nullable=False),
        pa.field("source_id", pa.string()),  # null when its bytes were never read
        pa.field("clip_id", pa.string()),  # null when the source itself was refused
        pa.field("start_s", pa.float64()),
        pa.field("end_s", pa.float64()),
        pa.field("stage", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("message", pa.string(), nullable=False),
        pa.field("attempts", pa.int32(), nullable=False),
    ],
    metadata={"style2talker.schema_version": str(SCHEMA_VERSION)},
)
SOURCES = pa.schema(
    [
        pa.field("source_uri", pa.string(), nullable=False),
        pa.field("audio_uri", pa.string()),
        pa.field("source_id", pa.string(), nullable=False),
        pa.field("num_bytes", pa.int64(), nullable=False),  # of both files
        pa.field(
            "spans_s",
            pa.list_(pa.struct([("start_s", pa.float64()), ("end_s", pa.float64())])),
            nullable=False,
        ),  # the parts to use; none: all of it
        *(
            field
            for field in SOURCE_FIELDS
            if field.name
            in (
                "speaker",
                "split",
                "licence",
                "commercial_use",
                "redistribution",
                "consent",
                "given_emotion",
                "given_level",
            )
        ),
    ],
    metadata={"style2talker.schema_version": str(SCHEMA_VERSION)},
)  # what a build really used, kept or not; one row per recording
