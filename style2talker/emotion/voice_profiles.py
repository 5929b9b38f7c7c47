"""What published studies say of emotions in the voice, as numbers: the model that ships is this.

Directions and grades ("slightly", "much", "very much" higher) are those of Murray and Arnott (JASA 93, 1993,
table 1), the review of 104 studies by Juslin and Laukka (Psychological Bulletin 129, 2003, summary of cues)
and Banse and Scherer (JPSP 70, 1996). Where they contradict each other, as for the pitch of disgust and the
brightness of fear, the grade is near zero. The reviews grade in words: that "slightly" is half a standard
deviation of how people portray one emotion, plain 1, "much" 1.5, is our reading, and so are those deviations.

Typical voices, and how much they vary, were measured with `benchmarks/voice.py --reference` on speech that
may be passed on, five speakers of GRID (CC BY 4.0) and addresses of a US president (public domain). Six
speakers are few: low and high voices were moved towards each other, the spread between speakers widened, by
about half each, and rounded.

Axes: E emotions in the order of `EMOTIONS`, D measures, K kinds of voice.
"""

from types import MappingProxyType

import numpy as np

from style2talker.emotion.taxonomy import EMOTIONS

MEASURES = (
    "pitch_semitones",  # above 27.5 Hz, as GeMAPS counts
    "pitch_range_octaves",  # log2 of the range in semitones: ranges differ by factors
    "pitch_slope_semitones_per_s",
    "syllables_per_s",
    "alpha_ratio_db",
    "loudness_db",
    "loudness_range_db",
    "harmonicity_db",
)

# Low and high voices: half of the speakers are one or the other, and nobody says which.
TYPICAL_KD = np.array(
    [[24.0, 2.2, -5.0, 3.5, -17.0, -18.0, 13.0, 8.5], [34.5, 2.2, -5.0, 3.5, -16.0, -18.0, 13.0, 11.5]]
)
# From speaker to speaker, microphone and room included. The level of a recording says nothing: 9 dB.
BETWEEN_D = np.array([3.0, 0.5, 3.0, 0.5, 3.5, 9.0, 1.5, 1.5])
# Between portrayals of one emotion by one speaker: one and a half times what neutral clips differ by.
WITHIN_D = np.array([2.6, 0.7, 9.0, 1.1, 3.0, 3.5, 3.7, 1.2])
# Many recordings are levelled, or turned up and down from take to take.
GAIN_DB = 5.0
# Effort moves pitch, brightness and loudness together (Titze and Sundberg, JASA 91, 1992).
_EFFORT_CORRELATION = 0.4
_EFFORT = ("pitch_semitones", "alpha_ratio_db", "loudness_db")

_GRADES = MappingProxyType(
    {
        #            pitch  range  slope  rate  bright  loud  loud range  harmonic
        "angry": (1.5, 1.0, 0.0, 0.5, 2.0, 1.5, 1.0, -0.5),
        "contempt": (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
        "disgusted": (-0.5, 0.0, -0.5, -1.0, 0.0, -0.5, 0.0, -0.5),
        "fear": (1.5, 0.0, 0.5, 1.0, 0.5, 0.0, 0.0, -0.5),
        "happy": (1.5, 1.0, 0.5, 0.5, 1.0, 1.0, 0.5, 0.0),
        "neutral": (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
        "sad": (-0.5, -1.0, -0.5, -1.0, -1.5, -1.5, -0.5, 0.0),
        "surprised": (1.5, 1.5, 1.0, 0.5, 0.5, 0.5, 0.5, 0.0),
    }
)
EFFECT_ED = np.array([_GRADES[emotion] for emotion in EMOTIONS]) * WITHIN_D

# How far a profile is believed: the share that listeners recognise, from studies in the West (Scherer, Speech
# Communication 40, 2003, table 2: neutral 74 %, anger 77, fear 61, joy 57, sadness 71, disgust 31). Surprise
# is not in it: we take a half. Contempt has few published profiles, and they disagree: none is believed.
_TRUST = {
    "angry": 0.77,
    "contempt": 0.0,
    "disgusted": 0.31,
    "fear": 0.61,
    "happy": 0.57,
    "neutral": 0.74,
    "sad": 0.71,
    "surprised": 0.5,
}
TRUST_E = np.array([_TRUST[emotion] for emotion in EMOTIONS])
# Most speech is no portrayal: neutral counts three times any other.
PRIOR_E = np.array([3.0 if emotion == "neutral" else 1.0 for emotion in EMOTIONS]) / 10

# Pleasure of the emotion terms in Mehrabian and Russell's norms (J. Research in Personality 11, 1977), which
# have none for contempt: we put it between neutral and anger.
_VALENCE = {
    "angry": -0.51,
    "contempt": -0.3,
    "disgusted": -0.60,
    "fear": -0.64,
    "happy": 0.81,
    "neutral": 0.0,
    "sad": -0.63,
    "surprised": 0.40,
}
VALENCE_E = np.array([_VALENCE[emotion] for emotion in EMOTIONS])
# Arousal goes by these (Bone, Lee and Narayanan, IEEE Transactions on Affective Computing 5, 2014).
AROUSAL_D = np.array([name in _EFFORT for name in MEASURES], float)


def within_dd() -> np.ndarray:
    """Covariance of clips of one emotion by one speaker, [D, D]: portrayals differ, and so does the gain."""
    is_effort = AROUSAL_D
    correlation = np.eye(len(MEASURES)) * (1 - _EFFORT_CORRELATION * is_effort)
    correlation += _EFFORT_CORRELATION * np.outer(is_effort, is_effort)
    covariance_dd = correlation * np.outer(WITHIN_D, WITHIN_D)
    covariance_dd[MEASURES.index("loudness_db"), MEASURES.index("loudness_db")] += GAIN_DB**2
    return covariance_dd
